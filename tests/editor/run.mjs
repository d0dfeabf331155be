// What an editor shows for manifests: drives the real yaml-language-server over
// stdio against `manifests/` and the schema that is checked in.
//
//     node tests/editor/run.mjs [--retune PATH-OF-THE-BINARY]
//
// Prints one line for each check and a closing count; ends with 1 when a check
// failed. The server is installed into `target/editor`. With `--retune` the
// files that `retune init` writes are opened too.

import { spawn, spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
const root = resolve(here, '../..');
const install = join(root, 'target/editor');

/** Long enough for a busy machine; a check that waits this long has failed. */
const PATIENCE_MS = 20_000;

function installServer() {
  const wanted = readFileSync(join(here, 'package-lock.json'), 'utf8');
  const marker = join(install, 'package-lock.json');
  const server = join(install, 'node_modules/yaml-language-server/bin/yaml-language-server');
  if (!existsSync(server) || readFileSync(marker, 'utf8') !== wanted) {
    mkdirSync(install, { recursive: true });
    for (const file of ['package.json', 'package-lock.json']) {
      copyFileSync(join(here, file), join(install, file));
    }
    const npm = spawnSync('npm', ['ci', '--no-audit', '--no-fund', '--ignore-scripts'], {
      cwd: install,
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    if (npm.status !== 0) throw new Error('npm could not install the language server');
  }
  return server;
}

/** A language server, its answers by id and its diagnostics by document. */
class Server {
  constructor(path) {
    this.process = spawn(process.execPath, [path, '--stdio'], { stdio: ['pipe', 'pipe', 'inherit'] });
    this.pending = new Map();
    this.diagnostics = new Map();
    this.waiting = new Map();
    this.nextId = 1;
    this.buffer = Buffer.alloc(0);
    this.process.stdout.on('data', (data) => this.receive(data));
  }

  receive(data) {
    this.buffer = Buffer.concat([this.buffer, data]);
    for (;;) {
      const end = this.buffer.indexOf('\r\n\r\n');
      if (end < 0) return;
      const length = Number(/content-length: (\d+)/i.exec(this.buffer.toString('utf8', 0, end))[1]);
      const start = end + 4;
      if (this.buffer.length < start + length) return;
      const message = JSON.parse(this.buffer.toString('utf8', start, start + length));
      this.buffer = this.buffer.subarray(start + length);
      this.handle(message);
    }
  }

  handle(message) {
    if (message.method && message.id !== undefined) {
      const settings = { yaml: SETTINGS, 'http': {}, '[yaml]': {} };
      const result =
        message.method === 'workspace/configuration'
          ? message.params.items.map((item) => settings[item.section] ?? {})
          : null;
      this.send({ id: message.id, result });
    } else if (message.method === 'textDocument/publishDiagnostics') {
      const { uri, diagnostics } = message.params;
      this.diagnostics.set(uri, diagnostics);
      this.waiting.get(uri)?.(diagnostics);
    } else if (message.id !== undefined) {
      const { resolve, reject } = this.pending.get(message.id);
      this.pending.delete(message.id);
      message.error ? reject(new Error(message.error.message)) : resolve(message.result);
    }
  }

  send(message) {
    const text = JSON.stringify({ jsonrpc: '2.0', ...message });
    this.process.stdin.write(`Content-Length: ${Buffer.byteLength(text)}\r\n\r\n${text}`);
  }

  request(method, params) {
    const id = this.nextId++;
    this.send({ id, method, params });
    return patiently(method, new Promise((resolve, reject) => this.pending.set(id, { resolve, reject })));
  }

  async start() {
    await this.request('initialize', {
      processId: process.pid,
      rootUri: pathToFileURL(root).href,
      workspaceFolders: [{ uri: pathToFileURL(root).href, name: 'retune' }],
      capabilities: {
        workspace: { configuration: true },
        textDocument: {
          completion: { completionItem: { snippetSupport: true } },
          hover: { contentFormat: ['markdown'] },
          publishDiagnostics: {},
        },
      },
    });
    this.send({ method: 'initialized', params: {} });
    this.send({ method: 'workspace/didChangeConfiguration', params: { settings: { yaml: SETTINGS } } });
  }

  /** Opens a text as that file and returns its diagnostics. */
  open(path, text) {
    const uri = pathToFileURL(path).href;
    const answer = new Promise((resolve) => this.waiting.set(uri, resolve));
    this.send({
      method: 'textDocument/didOpen',
      params: { textDocument: { uri, languageId: 'yaml', version: 1, text } },
    });
    return patiently(`diagnostics of ${path}`, answer);
  }

  async complete(path, position) {
    const uri = pathToFileURL(path).href;
    const answer = await this.request('textDocument/completion', { textDocument: { uri }, position });
    return (answer.items ?? answer).map((item) => item.label);
  }

  async hover(path, position) {
    const uri = pathToFileURL(path).href;
    const answer = await this.request('textDocument/hover', { textDocument: { uri }, position });
    return answer?.contents?.value ?? '';
  }
}

const SETTINGS = {
  validate: true,
  hover: true,
  completion: true,
  // Nothing from the network: the schema is the one that the modelines name.
  schemaStore: { enable: false },
};

function patiently(what, promise) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${what}: no answer`)), PATIENCE_MS);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

let passed = 0;
let failed = 0;

async function check(name, body) {
  try {
    await body();
    passed += 1;
    console.log(`ok      ${name}`);
  } catch (error) {
    failed += 1;
    console.log(`FAILED  ${name}: ${error.message}`);
  }
}

function expect(condition, message) {
  if (!condition) throw new Error(message);
}

const MODELINE = '# yaml-language-server: $schema=../schema/retune.schema.json\n';

const GOOD = `${MODELINE}apiVersion: retune.dev/v1
kind: TunedModel
metadata:
  name: support-faq
spec:
  baseModel: gemini-3.5-flash
  supervisedTuningSpec:
    trainingDatasetUri: gs://acme-ml/faq/train.jsonl
    hyperParameters:
      epochCount: 3
  lifecycle:
    desired: tuned
`;

/** The position of `|` in a text, and the text without it. */
function cursor(marked) {
  const at = marked.indexOf('|');
  const before = marked.slice(0, at).split('\n');
  const position = { line: before.length - 1, character: before.at(-1).length };
  return [marked.slice(0, at) + marked.slice(at + 1), position];
}

/** A file that is not on disk, beside the examples so that the modeline holds. */
let files = 0;
const unsaved = () => join(root, `manifests/unsaved-${(files += 1)}.yaml`);

async function main() {
  const binary = process.argv[2] === '--retune' ? resolve(process.argv[3]) : undefined;
  const server = new Server(installServer());
  await server.start();

  const manifests = join(root, 'manifests');
  for (const name of readdirSync(manifests).filter((name) => name.endsWith('.yaml'))) {
    const path = join(manifests, name);
    await check(`no diagnostics: manifests/${name}`, async () => {
      const text = readFileSync(path, 'utf8');
      const modelines = text.match(/^# yaml-language-server: /gm).length;
      const documents = text.match(/^kind: /gm).length;
      expect(modelines === documents, `${modelines} modelines for ${documents} documents`);
      const diagnostics = await server.open(path, text);
      expect(diagnostics.length === 0, JSON.stringify(diagnostics.map((d) => d.message)));
    });
  }

  const bad = [
    ['an unknown key', 'epochCount: 3', 'epoch_count: 3', 10],
    ['a value out of range', 'epochCount: 3', 'epochCount: 0', 10],
    ['a wrong type', 'name: support-faq', 'name: [support-faq]', 4],
    ['an unknown enum value', 'desired: tuned', 'desired: stoped', 12],
    ['a dataset of neither form', 'train.jsonl', 'train.csv', 8],
    ['the location global', 'spec:\n', 'spec:\n  location: global\n', 6],
    ['a reserved label', 'support-faq\n', 'support-faq\n  labels: {retune-owner: me}\n', 5],
    ['an unknown kind', 'kind: TunedModel', 'kind: TundModel', 2],
  ];
  for (const [name, from, to, line] of bad) {
    await check(`a diagnostic on its line: ${name}`, async () => {
      const diagnostics = await server.open(unsaved(), GOOD.replace(from, to));
      const lines = diagnostics.map((d) => d.range.start.line);
      expect(lines.includes(line), `lines ${JSON.stringify(lines)}, not ${line}`);
      expect(lines.every((l) => l === line), `also on lines ${JSON.stringify(lines)}`);
    });
  }

  await check('a diagnostic in the second document of a file', async () => {
    const text = `${GOOD}---\n${GOOD.replace('epochCount: 3', 'epochCount: 0')}`;
    const diagnostics = await server.open(unsaved(), text);
    const lines = diagnostics.map((d) => d.range.start.line);
    expect(JSON.stringify(lines) === '[24]', `lines ${JSON.stringify(lines)}`);
  });

  const before = (text) => GOOD.slice(0, GOOD.indexOf(text));
  const completions = [
    ['kinds', GOOD.replace('kind: TunedModel', 'kind: |'), ['TunedModel', 'Workspace']],
    ['keys of a tuned model', `${before('  lifecycle')}  |\n`, ['task', 'lifecycle', 'encryptionSpec']],
    ['keys of hyperParameters', GOOD.replace('epochCount: 3\n', 'epochCount: 3\n      |\n'), ['adapterSize', 'learningRateMultiplier']],
    ['keys of a workspace', `${MODELINE}apiVersion: retune.dev/v1\nkind: Workspace\nmetadata:\n  name: acme\nspec:\n  |\n`, ['alsoList', 'limits', 'labels', 'prices']],
    ['values of desired', GOOD.replace('desired: tuned', 'desired: |'), ['tuned', 'stopped']],
    ['values of task', `${GOOD}  task: |\n`, ['classification', 'summarization', 'extractiveQa', 'chat']],
    ['base models', GOOD.replace('gemini-3.5-flash', '|'), ['gemini-3.5-flash', 'gemini-3.1-flash-lite']],
    ['keys of a second document', `${GOOD}---\n${before('  lifecycle')}  |\n`, ['task', 'lifecycle']],
  ];
  for (const [name, marked, wanted] of completions) {
    await check(`completion: ${name}`, async () => {
      const [text, position] = cursor(marked);
      const path = unsaved();
      await server.open(path, text);
      const labels = await server.complete(path, position);
      const missing = wanted.filter((label) => !labels.includes(label));
      expect(missing.length === 0, `${missing} not among ${labels}`);
      const foreign = ['onDataChange', 'budget', 'datasets'];
      expect(!labels.some((label) => foreign.includes(label)), `${labels}`);
    });
  }

  const hovers = [
    ['epochCount', GOOD.replace('epochCount', 'epoch|Count'), 'How often the whole training set'],
    ['desired', GOOD.replace('desired', 'desi|red'), 'a run of this spec should exist'],
    ['name', GOOD.replace('name:', 'na|me:'), 'Names the tuned model'],
    ['a key of the second document', `${GOOD}---\n${GOOD.replace('epochCount', 'epoch|Count')}`, 'How often the whole training set'],
  ];
  for (const [name, marked, wanted] of hovers) {
    await check(`hover: ${name}`, async () => {
      const [text, position] = cursor(marked);
      const path = unsaved();
      await server.open(path, text);
      const shown = await server.hover(path, position);
      expect(shown.replaceAll('\n', ' ').includes(wanted), JSON.stringify(shown));
    });
  }

  if (binary) {
    const directory = join(install, 'init');
    rmSync(directory, { recursive: true, force: true });
    const init = spawnSync(binary, ['init', directory], { encoding: 'utf8' });
    await check('retune init writes files', async () => expect(init.status === 0, init.stderr));
    for (const name of ['workspace.yaml', 'summaries.yaml']) {
      const path = join(directory, name);
      await check(`what init writes is checked by the schema beside it: ${name}`, async () => {
        const text = readFileSync(path, 'utf8');
        const fine = await server.open(path, text);
        expect(fine.length === 0, JSON.stringify(fine.map((d) => d.message)));
        const other = join(directory, `other-${name}`);
        const broken = await server.open(other, text.replace('kind: ', 'kid: '));
        expect(broken.length > 0, 'a broken one has no diagnostic');
      });
    }
  }

  server.process.kill();
  console.log(`\n${passed} passed, ${failed} failed`);
  process.exit(failed === 0 ? 0 : 1);
}

await main();
