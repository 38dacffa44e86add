/** One entry per problem a caller can meet. `docs/errors.md` is generated from this table. */
export type ProblemDefinition = {
  /** HTTP status on every surface. */
  readonly status: number
  /** Whether the same call may succeed later without being changed. */
  readonly retryable: boolean
  /** What happened and what to do, for the reader of the documentation. */
  readonly meaning: string
}

export const problemCodes = {
  'invalid-request': {
    status: 400,
    retryable: false,
    meaning: 'The request is not of the documented form. `detail` names the field.',
  },
  'invalid-json': {
    status: 400,
    retryable: false,
    meaning: 'The body is not valid JSON, not UTF-8, or nested too deeply.',
  },
  'invalid-tensor': {
    status: 400,
    retryable: false,
    meaning:
      'An input has the wrong name, datatype, shape, element count or value. `detail` shows expected and got.',
  },
  'invalid-model': {
    status: 422,
    retryable: false,
    meaning: 'The file is not a model that can be served. `detail` says why; nothing was kept.',
  },
  'hash-mismatch': {
    status: 422,
    retryable: false,
    meaning: 'The bytes received do not have the sha256 that was announced.',
  },
  'invalid-bucket-name': {
    status: 400,
    retryable: false,
    meaning: 'Not a name that a bucket may have. `detail` says the rule.',
  },
  'invalid-object-name': {
    status: 400,
    retryable: false,
    meaning: 'Not a name that an object may have. `detail` says why.',
  },
  'link-invalid': {
    status: 400,
    retryable: false,
    meaning: 'The token of a signed link is not ours, was changed or has expired. Sign a new one.',
  },
  'link-mismatch': {
    status: 400,
    retryable: false,
    meaning: 'The token of a signed link is for another object, or for another action than this one.',
  },
  unauthenticated: { status: 401, retryable: false, meaning: 'No credential, or one that is not valid.' },
  forbidden: { status: 403, retryable: false, meaning: 'The credential is valid but does not allow this.' },
  'invalid-credentials': {
    status: 401,
    retryable: false,
    meaning: 'E-mail address and password do not belong together, or there is no such account.',
  },
  'browser-refused': {
    status: 403,
    retryable: false,
    meaning: 'This credential is for servers only and came from a page. Sign a user in instead.',
  },
  'cross-site': {
    status: 403,
    retryable: false,
    meaning: 'A change by cookie came from a page of another site, or does not say where it comes from.',
  },
  'insufficient-credits': {
    status: 402,
    retryable: false,
    meaning:
      'The account has too few credits to spare. `GET /api/v1/credits` shows the balance and what is held.',
  },
  'quota-exceeded': {
    status: 403,
    retryable: false,
    meaning:
      'The plan holds no more model versions or bytes of their files, or the user has as many agents as there may be. `detail` says which and what to do.',
  },
  'sign-up-refused': {
    status: 403,
    retryable: false,
    meaning: 'Sign-up is closed, or needs an invitation that is valid for this e-mail address.',
  },
  'resource-not-found': {
    status: 404,
    retryable: false,
    meaning: 'There is no such thing, or it is not yours.',
  },
  'bucket-not-found': {
    status: 404,
    retryable: false,
    meaning: 'There is no such bucket, or it is not for you.',
  },
  'object-not-found': {
    status: 404,
    retryable: false,
    meaning: 'There is no such object in the bucket, or it is not yours.',
  },
  'object-bytes-missing': {
    status: 404,
    retryable: false,
    meaning: 'The object is known, but its bytes are not there: replaced or removed a moment ago, or lost.',
  },
  conflict: {
    status: 409,
    retryable: false,
    meaning: 'What is there already does not allow this change. `detail` says what.',
  },
  'not-found': { status: 404, retryable: false, meaning: 'Nothing is served at this path.' },
  'model-not-found': {
    status: 404,
    retryable: false,
    meaning: 'There is no such model, or no such version of it.',
  },
  'method-not-allowed': {
    status: 405,
    retryable: false,
    meaning: 'The path exists, but not for this method. `Allow` lists those that do.',
  },
  'idempotency-running': {
    status: 409,
    retryable: true,
    meaning:
      'The first request with this `Idempotency-Key` is not finished. Send it again after `Retry-After` seconds to get its answer.',
  },
  'idempotency-answer-lost': {
    status: 409,
    retryable: false,
    meaning:
      'The request with this `Idempotency-Key` was done, but its answer was not kept. Look at what is there before you repeat it with a new key.',
  },
  'idempotency-mismatch': {
    status: 422,
    retryable: false,
    meaning:
      'The `Idempotency-Key` was sent with another request before. Make a new key for each new request.',
  },
  'model-exists': {
    status: 409,
    retryable: false,
    meaning: 'This name and version are taken. Choose another version.',
  },
  'model-has-file': {
    status: 409,
    retryable: false,
    meaning: 'The version has its file already. Create a new version instead.',
  },
  'model-state': {
    status: 409,
    retryable: false,
    meaning: 'The model is not in a state that allows this call. `detail` names the state.',
  },
  'bucket-exists': { status: 409, retryable: false, meaning: 'There is a bucket of this name already.' },
  'bucket-not-empty': {
    status: 409,
    retryable: false,
    meaning: 'A bucket that holds objects cannot be removed. Empty it first.',
  },
  'object-exists': {
    status: 409,
    retryable: false,
    meaning: 'There is an object of this name. Choose another, or send `x-upsert: true` to replace it.',
  },
  'precondition-failed': {
    status: 412,
    retryable: false,
    meaning: 'The object is not, or no longer, the one that `If-Match` or `If-Unmodified-Since` names.',
  },
  'payload-too-large': {
    status: 413,
    retryable: false,
    meaning: 'The body, after decompression, is larger than the limit.',
  },
  'unsupported-media-type': {
    status: 415,
    retryable: false,
    meaning: 'The content type is not one this path accepts.',
  },
  'unsupported-encoding': {
    status: 415,
    retryable: false,
    meaning: 'The content encoding is not gzip, deflate or identity.',
  },
  'range-not-satisfiable': {
    status: 416,
    retryable: false,
    meaning: 'The range begins behind the end of the object. `Content-Range` says its length.',
  },
  'headers-too-large': {
    status: 431,
    retryable: false,
    meaning: 'The request headers are larger than 32 KiB.',
  },
  'rate-limited': {
    status: 429,
    retryable: true,
    meaning: 'Too many requests. Wait for `Retry-After` seconds.',
  },
  'client-closed': {
    status: 499,
    retryable: false,
    meaning: 'The client went away before the answer was ready. Seen in logs only.',
  },
  internal: {
    status: 500,
    retryable: false,
    meaning: 'A bug on our side. The log has the stack under the same request id.',
  },
  'agent-not-found': {
    status: 404,
    retryable: false,
    meaning: 'There is no agent with this id or slug, or it is not visible to the caller.',
  },
  'run-not-found': {
    status: 404,
    retryable: false,
    meaning: 'There is no run with this id, or it is not visible to the caller.',
  },
  'runs-overloaded': {
    status: 503,
    retryable: true,
    meaning: 'This server has as many runs under way as it takes. Wait for `Retry-After` seconds.',
  },
  'run-events-gone': {
    status: 410,
    retryable: false,
    meaning: 'The events of the run were removed after the retention; its result is still there.',
  },
  'provider-busy': {
    status: 429,
    retryable: true,
    meaning: 'The provider of the language model takes no more calls now. Wait for `Retry-After` seconds.',
  },
  'provider-refused': {
    status: 400,
    retryable: false,
    meaning: 'The provider of the language model refused the request. `detail` holds its reason.',
  },
  'provider-unauthorised': {
    status: 502,
    retryable: false,
    meaning:
      'The provider of the language model does not accept the key that this server has for it, or waits for its bill to be paid.',
  },
  'provider-failed': {
    status: 502,
    retryable: true,
    meaning: 'The provider of the language model failed, or its answer broke off or could not be read.',
  },
  'provider-unavailable': {
    status: 503,
    retryable: true,
    meaning: 'The provider of the language model cannot be reached, nor can one of its fallbacks.',
  },
  'provider-timeout': {
    status: 504,
    retryable: true,
    meaning: 'The provider of the language model did not answer, or went on answering, in time.',
  },
  'tool-failed': {
    status: 502,
    retryable: false,
    meaning: 'A tool of the agent failed, and the run could not go on without it.',
  },
  'address-refused': {
    status: 403,
    retryable: false,
    meaning:
      'An address that may not be reached from here: private, not https, of an unusual port, or with a password in it. The operator can allow single ones with `OUTBOUND_ALLOW`.',
  },
  'address-failed': {
    status: 502,
    retryable: true,
    meaning:
      'An address that was to be reached did not answer, or its answer broke off, was too large or took too long.',
  },
  'guardrail-refused': {
    status: 422,
    retryable: false,
    meaning:
      'A rule of the agent refuses what was sent, or what was to be answered. `detail` names the rule.',
  },
  'output-invalid': {
    status: 502,
    retryable: false,
    meaning: 'The model did not answer in the form that the agent is to keep to.',
  },
  'model-failed': {
    status: 500,
    retryable: false,
    meaning: 'The model itself failed while it ran on these inputs.',
  },
  'not-implemented': {
    status: 501,
    retryable: false,
    meaning: 'A feature of the protocol that this server does not have.',
  },
  'model-not-loaded': {
    status: 503,
    retryable: true,
    meaning: 'The model is not loaded (yet). Wait for `Retry-After` seconds.',
  },
  'model-overloaded': {
    status: 503,
    retryable: true,
    meaning: 'The queue of the model is full. Wait for `Retry-After` seconds.',
  },
  'database-unavailable': {
    status: 503,
    retryable: true,
    meaning:
      'The database does not answer. A change may or may not have been made: read before you repeat it.',
  },
  'storage-unavailable': {
    status: 503,
    retryable: true,
    meaning:
      'The storage of files does not answer. A change may or may not have been made: read before you repeat it.',
  },
  'token-keys-unavailable': {
    status: 503,
    retryable: true,
    meaning: 'The public keys of the issuer of the token cannot be fetched. Wait for `Retry-After` seconds.',
  },
  'request-timeout': {
    status: 503,
    retryable: true,
    meaning:
      'The request could not be answered in time. A change may or may not have been made: read before you repeat it.',
  },
  'shutting-down': {
    status: 503,
    retryable: true,
    meaning: 'This process is stopping. Another replica will answer.',
  },
  'deadline-exceeded': {
    status: 504,
    retryable: true,
    meaning: 'The prediction did not finish before its deadline.',
  },
  'report-failed': {
    status: 422,
    retryable: false,
    meaning:
      'The report could not be made from these data, or not within the time and memory of one report. `detail` says why.',
  },
  'report-overloaded': {
    status: 503,
    retryable: true,
    meaning: 'Too many reports wait to be made. Wait for `Retry-After` seconds.',
  },
  'document-unreadable': {
    status: 422,
    retryable: false,
    meaning:
      'The document cannot be indexed: it is of no known kind, damaged, empty or too large to read. `detail` says which.',
  },
  'job-failed': {
    status: 422,
    retryable: false,
    meaning:
      'The job has no result: it failed. `detail` says why. It can be begun anew with `POST /api/v1/jobs/{id}/retry`.',
  },
  'job-crashed': {
    status: 500,
    retryable: false,
    meaning:
      'The processes that worked on the job ended while they did, again and again. It can be begun anew with `POST /api/v1/jobs/{id}/retry`.',
  },
  'task-failed': {
    status: 500,
    retryable: true,
    meaning:
      'The function of a task threw, on its last attempt. `detail` has its message, the log the stack under the id of the job.',
  },
  'storage-full': {
    status: 507,
    retryable: true,
    meaning: 'The disk or the storage is full. Nothing was stored.',
  },
} as const satisfies Record<string, ProblemDefinition>

export type ProblemCode = keyof typeof problemCodes
