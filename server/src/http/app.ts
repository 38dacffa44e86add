import type { Socket } from 'node:net'
import cors from '@fastify/cors'
import { Problem } from '@roundhouse/sdk/contract'
import Fastify, {
  type FastifyError,
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
} from 'fastify'
import { serializerCompiler, validatorCompiler } from 'fastify-type-provider-zod'
import { context } from '../kit/context.ts'
import { traceParentFrom } from '../kit/trace-context.ts'
import { depthFrom, depthHeader } from '../runs/depth.ts'
import { pathOf, registerAccessLog } from './access-log.ts'
import { hasCredential, registerAuthentication } from './authenticate.ts'
import { registerChanged } from './changed.ts'
import type { HttpDependencies } from './dependencies.ts'
import { registerDocumentation } from './documentation.ts'
import { everyAnswer } from './every-answer.ts'
import { registerIdempotency, replayedHeader } from './idempotency.ts'
import { readBodiesAsJson } from './json-body.ts'
import { registerLimits } from './limits.ts'
import { registerNotFound } from './not-found.ts'
import { retryHeader } from './openai/problems.ts'
import { problemBody, problemStatus, type Surface, surfaceOf, toldProblem } from './problems.ts'
import { refuseBody } from './refused-body.ts'
import { requestIdFrom } from './request-id.ts'
import { accountRoutes } from './routes/account.ts'
import { adminRoutes } from './routes/admin.ts'
import { adminAlertRoutes } from './routes/admin-alerts.ts'
import { adminProviderRoutes } from './routes/admin-providers.ts'
import { agUiRoutes } from './routes/ag-ui.ts'
import { agentExecuteRoutes } from './routes/agent-execute.ts'
import { agentRoutes } from './routes/agents.ts'
import { batchRoutes } from './routes/batches.ts'
import { cacheRoutes } from './routes/cache.ts'
import { changeRoutes } from './routes/changes.ts'
import { consoleRoutes } from './routes/console.ts'
import { creditRoutes } from './routes/credits.ts'
import { embedDoorRoutes } from './routes/embed-door.ts'
import { embedRoutes } from './routes/embeds.ts'
import { healthRoutes } from './routes/health.ts'
import { inferRoutes } from './routes/infer.ts'
import { inferenceMetadataRoutes } from './routes/inference-metadata.ts'
import { jobRoutes } from './routes/jobs.ts'
import { knowledgeRoutes } from './routes/knowledge.ts'
import { logRoutes } from './routes/logs.ts'
import { mcpRoutes } from './routes/mcp.ts'
import { measuredRoutes } from './routes/measured.ts'
import { modelRoutes } from './routes/models.ts'
import { openAiRoutes } from './routes/openai.ts'
import { predictionRoutes } from './routes/predictions.ts'
import { reportRoutes } from './routes/reports.ts'
import { repositoryRoutes } from './routes/repository.ts'
import { requestRoutes } from './routes/requests.ts'
import { runRoutes } from './routes/runs.ts'
import { secretRoutes } from './routes/secrets.ts'
import { sessionRoutes } from './routes/sessions.ts'
import { signInRoutes } from './routes/sign-in.ts'
import { storageBucketRoutes } from './routes/storage-buckets.ts'
import { storageLinkRoutes } from './routes/storage-links.ts'
import { storageListRoutes } from './routes/storage-lists.ts'
import { storageObjectRoutes } from './routes/storage-objects.ts'
import { storageResumableRoutes } from './routes/storage-resumable.ts'
import { taskRoutes } from './routes/tasks.ts'
import { toolRoutes } from './routes/tools.ts'
import { uploadRoutes } from './routes/uploads.ts'
import { tusHeaders } from './tus.ts'
import { refuseUnreadable } from './unreadable.ts'
import { warnOfUntrustedProxy } from './untrusted-proxy.ts'
import { mayUpgrade, webSocketRoutes } from './web-socket/web-socket.ts'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** The route ends by itself: a prediction has its own deadline. */
    ownDeadline?: boolean
  }
}

/** JSON of a control call; tensors and files have limits of their own. */
const controlBodyBytes = 1024 * 1024
/** Database calls give up after 2.8 s at the latest, so that the answer is out within 3 s. */
const controlTimeoutMs = 2900

/** The HTTP door. Limits: Node's own would hold 200 slow connections for over 70 s; with these they are gone after 11 s. */
export async function createApp(dependencies: HttpDependencies): Promise<FastifyInstance> {
  const { log, ids, clock } = dependencies
  const app = Fastify({
    logger: false,
    bodyLimit: controlBodyBytes,
    requestIdHeader: false,
    trustProxy: dependencies.trustedProxies.length > 0 ? [...dependencies.trustedProxies] : false,
    genReqId: request => requestIdFrom(request.headers['x-request-id'], ids.uuid),
    routerOptions: { ignoreTrailingSlash: true, maxParamLength: 256 },
    connectionTimeout: 0,
    requestTimeout: 300_000,
    keepAliveTimeout: 65_000,
    http: {
      headersTimeout: 10_000,
      connectionsCheckingInterval: 1000,
      maxHeaderSize: 32 * 1024,
      keepAliveTimeoutBuffer: 1000,
      shouldUpgradeCallback: mayUpgrade,
    },
    forceCloseConnections: 'idle',
    return503OnClosing: false,
    frameworkErrors(error, request, reply) {
      // No hook runs for a path that cannot be read.
      reply.header('x-request-id', request.id).headers(everyAnswer)
      watch(request, reply)
      refuse(error, request, reply)
    },
    clientErrorHandler: (error, socket) => refuseUnreadable(error, socket, dependencies),
  })
  app.setValidatorCompiler(validatorCompiler)
  app.setSerializerCompiler(serializerCompiler)
  app.setErrorHandler<FastifyError>((error, request, reply) => refuse(error, request, reply))
  readBodiesAsJson(app)

  app.addHook('onRequest', (request, reply, done) => {
    reply.header('x-request-id', request.id).headers(everyAnswer)
    done()
  })
  const watch = registerAccessLog(app, { log, observe: dependencies.metrics.request })
  closeConnectionsWhenStopping(app)
  warnOfUntrustedProxy(app, dependencies)
  // Not registered without origins: it would add three headers to every answer to say no.
  if (dependencies.corsOrigins.length > 0) {
    await app.register(cors, {
      origin: [...dependencies.corsOrigins],
      credentials: true,
      methods: ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'],
      exposedHeaders: [
        'x-request-id',
        'x-cache',
        'retry-after',
        retryHeader,
        'ratelimit',
        'ratelimit-policy',
        'inference-header-content-length',
        replayedHeader,
        'etag',
        'content-range',
        'content-disposition',
        ...tusHeaders,
      ],
      maxAge: 600,
    })
  }
  registerAuthentication(app, {
    accounts: dependencies.accounts,
    throttle: dependencies.throttle,
    sessionTokenFromCookie: dependencies.signIn.sessionTokenFromCookie,
    trustedOrigins: [dependencies.publicUrl, ...dependencies.corsOrigins],
  })
  registerLimits(app, dependencies)
  // After the body has been read: its events do not carry the context of the request's start.
  app.addHook('preValidation', (request, _reply, done) => {
    const traceParent = traceParentFrom(request.headers.traceparent)
    const userId = request.caller?.userId ?? null
    const depth = depthFrom(request.headers[depthHeader])
    context.run({ requestId: request.id, userId, ip: request.ip, traceParent, depth }, done)
  })
  app.addHook('onRoute', route => {
    if (!route.config?.ownDeadline) route.handlerTimeout ??= controlTimeoutMs
  })
  registerIdempotency(app, dependencies)
  registerChanged(app, dependencies)
  registerNotFound(app, dependencies)
  await registerDocumentation(app, dependencies)

  await app.register(healthRoutes, dependencies)
  if (!dependencies.answers) return app
  await app.register(modelRoutes, dependencies)
  await app.register(uploadRoutes, dependencies)
  await app.register(predictionRoutes, dependencies)
  await app.register(jobRoutes, dependencies)
  await app.register(batchRoutes, dependencies)
  await app.register(cacheRoutes, dependencies)
  await app.register(inferenceMetadataRoutes, dependencies)
  await app.register(inferRoutes, dependencies)
  await app.register(repositoryRoutes, dependencies)
  await app.register(reportRoutes, dependencies)
  await app.register(agentRoutes, dependencies)
  await app.register(runRoutes, dependencies)
  await app.register(toolRoutes, dependencies)
  await app.register(knowledgeRoutes, dependencies)
  await app.register(embedRoutes, dependencies)
  await app.register(embedDoorRoutes, dependencies)
  await app.register(agentExecuteRoutes, dependencies)
  await app.register(agUiRoutes, dependencies)
  await app.register(openAiRoutes, dependencies)
  await app.register(mcpRoutes, dependencies)
  await app.register(webSocketRoutes, dependencies)
  await app.register(creditRoutes, dependencies)
  await app.register(taskRoutes, dependencies)
  await app.register(signInRoutes, dependencies)
  await app.register(accountRoutes, dependencies)
  await app.register(sessionRoutes, dependencies)
  await app.register(adminRoutes, dependencies)
  await app.register(adminAlertRoutes, dependencies)
  await app.register(adminProviderRoutes, dependencies)
  await app.register(secretRoutes, dependencies)
  await app.register(measuredRoutes, dependencies)
  await app.register(logRoutes, dependencies)
  await app.register(requestRoutes, dependencies)
  await app.register(storageBucketRoutes, dependencies)
  await app.register(storageListRoutes, dependencies)
  await app.register(storageLinkRoutes, dependencies)
  await app.register(storageObjectRoutes, dependencies)
  await app.register(storageResumableRoutes, dependencies)
  await app.register(changeRoutes, dependencies)
  await app.register(consoleRoutes, dependencies)
  return app

  function refuse(error: unknown, request: FastifyRequest, reply: FastifyReply): void {
    const surface = surfaceOf(pathOf(request.url))
    const problem = problemOn(surface, toldProblem(error, request, log), request)
    if (problem.status === 401) reply.header('www-authenticate', 'Bearer realm="roundhouse"')
    if (problem.retryAfterSeconds !== undefined)
      reply.header('retry-after', String(problem.retryAfterSeconds))
    else if (problem.retryable) reply.header('retry-after', '1')
    refuseBody(request, reply, { code: problem.code, clock })
    reply
      .code(problemStatus(problem, surface))
      .type('application/json; charset=utf-8')
      .serializer(JSON.stringify)
      .send(problemBody(problem, surface, request.id))
  }
}

/** To clients of Supabase Storage a missing header is a request of the wrong form. */
function problemOn(surface: Surface, problem: Problem, request: FastifyRequest): Problem {
  const isMissing = problem.code === 'unauthenticated' && !hasCredential(request)
  return surface === 'storage' && isMissing ? new Problem('invalid-request', problem.message) : problem
}

/**
 * A connection whose request was under way when the stop began stays open after its answer, and the stop would wait
 * for it. Looked for while stopping, so that no answer before pays for it. To Node one that was opened ahead, and has
 * not asked anything yet, is not idle.
 */
function closeConnectionsWhenStopping(app: FastifyInstance): void {
  const open = new Set<Socket>()
  app.server.on('connection', socket => {
    open.add(socket)
    socket.once('close', () => open.delete(socket))
  })
  app.addHook('preClose', done => {
    const sweep = setInterval(() => {
      app.server.closeIdleConnections()
      for (const socket of open) if (socket.bytesRead === 0) socket.destroy()
    }, 20)
    app.server.once('close', () => clearInterval(sweep))
    done()
  })
}
