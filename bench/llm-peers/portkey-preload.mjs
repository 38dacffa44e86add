import { Server } from 'node:net'

// The gateway listens on every interface and does not say its port, and it adds headers to answers of `fetch`, whose
// headers newer versions of its HTTP library leave as they are: they cannot be changed, and each call is answered 500
// (https://github.com/Portkey-AI/gateway/issues/1389). This is once per call, not once per chunk.

const { listen } = Server.prototype
Server.prototype.listen = function (port, _host, ...rest) {
  this.once('listening', () => console.log(`\n${this.address().port}`))
  return listen.call(this, port, '127.0.0.1', ...rest)
}

const { fetch, Response } = globalThis
globalThis.fetch = async (...call) => {
  const answer = await fetch(...call)
  return new Response(answer.body, answer)
}
