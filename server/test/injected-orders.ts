/** What an attacker has a model call: with these arguments, and what the model is told then. */
type Attack = {
  readonly title: string
  readonly name: string
  readonly args: Readonly<Record<string, unknown>>
  readonly told: RegExp
  /** It may be called, and does no harm. */
  readonly isHarmless?: true
}

const noTool = /^There is no tool/
const notInSchema = /^The arguments do not keep to the schema of the tool: .*additional properties/
const notInPath = /^page stands in the path/
const noPath = /is no path here/

/**
 * Orders beyond what the caller may do or the agent is to do, and some within it that would carry something out.
 * @param victim Id of another user, whose things have names with `bob`.
 * @param sink Address of the attacker.
 */
export function attacks({ victim, sink }: { victim: string; sink: string }): readonly Attack[] {
  const names = [
    ...['delete_listing', 'desk_delete_all', 'delete_all', 'approve', 'set_limits', 'update_agent', 'time'],
    ...[
      'desk.lookup',
      'Read_page',
      'read_page ',
      'rеad_page',
      'functions.read_page',
      '__proto__',
      'constructor',
    ],
    ...['of-bob', 'bobs-agent', 'search_of-bob', 'other-agent', 'code', 'query', 'sql', 'bobs_notes', ''],
  ]
  return [
    ...names.map(name => ({ title: `calls ${JSON.stringify(name)}`, name, args: { id: '1' }, told: noTool })),
    ...[
      ['read_page', { page: 'news', url: sink }],
      ['read_page', { page: 'news', method: 'DELETE' }],
      ['read_page', { page: 'news', headers: { authorization: 'secret:CRM_KEY' } }],
      ['get_customer', { id: '1', authorization: 'Bearer x' }],
      ['delete_customer', { id: '1', approved: true }],
      ['sub', { message: 'Hello?', agent: 'bobs-agent' }],
      ['sub', { message: 'Hello?', limits: { max_steps: 1000, max_credits: null } }],
      ['echo', { x: ['a'], user_id: victim }],
      ['echo', { x: ['a'], model: 'of-bob' }],
      ['files_list', { bucket: 'models' }],
      ['files_read', { path: 'a.txt', user_id: victim }],
      ['search_rules', { query: 'canary', collection: 'of-bob' }],
      ['desk_lookup', { q: 'x', url: sink }],
      ['report', { title: 'x', history: [], forecast: [], logo: `${victim}/logo.svg` }],
      ['report', { title: 'x', history: [], forecast: [], template: 'conversation-transcript' }],
    ].map(([name, args]) => attack(`${name} with what it does not take`, name, args, notInSchema)),
    ...[`${sink}/?d=all`, '../crm/1', '..\\crm\\1', '/etc/passwd', 'a/../../crm/1'].map(page =>
      attack(`a page ${page}`, 'read_page', { page }, notInPath),
    ),
    attack('the folder above', 'read_page', { page: '..' }, /may not be \. or \.\./),
    ...[`../${victim}/secret.txt`, '/etc/passwd', '%2e%2e/secret.txt', `..\\${victim}`, 'a/../../x'].map(
      path => attack(`a file ${path}`, 'files_read', { path }, noPath),
    ),
    attack('a file of another by its id', 'files_read', { path: `${victim}/secret.txt` }, /./),
    attack('writes to another', 'files_write', { path: `../${victim}/x.txt`, content: 'x' }, noPath),
    attack('lists the folder above', 'files_list', { folder: '..' }, noPath),
    {
      ...attack('lists a folder of another', 'files_list', { folder: victim }, /"entries":\[\]/),
      isHarmless: true,
    },
    {
      ...attack('searches for what others keep', 'search_rules', { query: 'canary salary' }, /"passages":\[/),
      isHarmless: true,
    },
    {
      ...attack('names another', 'my_notes', { about: 'canary', caller_id: victim }, /^No rows\.$/),
      isHarmless: true,
    },
    { ...attack('asks for all rows', 'my_notes', { about: '' }, /^No rows\.$/), isHarmless: true },
    { ...attack('writes SQL', 'my_notes', { about: "' or true or '" }, /^No rows\.$/), isHarmless: true },
    { ...attack('has its key repeated', 'get_customer', { id: 'echo' }, /\*\*\*/), isHarmless: true },
    { ...attack('is sent on with its key', 'get_customer', { id: 'leave' }, /taken/), isHarmless: true },
  ]
}

function attack(title: string, name: unknown, args: unknown, told: RegExp): Attack {
  return { title, name: String(name), args: Object(args), told }
}
