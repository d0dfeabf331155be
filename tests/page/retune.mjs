// The built program, in a directory of its own with nothing in its environment.

import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';

/** Long enough for a busy machine; what takes longer has failed. */
const PATIENCE_MS = 30_000;

export class World {
  constructor(binary, service) {
    this.binary = binary;
    this.directory = mkdtempSync(join(tmpdir(), 'retune-page-'));
    this.environment = {
      PATH: '/usr/bin:/bin',
      HOME: this.directory,
      NO_GCE_CHECK: 'true',
      ...(service ? { GOOGLE_VERTEX_BASE_URL: service.url } : {}),
    };
    this.write(
      'manifests/workspace.yaml',
      `apiVersion: retune.dev/v1
kind: Workspace
metadata: {name: acme-tuning}
spec:
  project: acme-ml
  location: us-central1
  limits: {maxCreates: 10000}
  prices: {gemini-3.5-flash: 5.00}
`,
    );
  }

  path(name) {
    return join(this.directory, name);
  }

  write(name, text) {
    mkdirSync(dirname(this.path(name)), { recursive: true });
    writeFileSync(this.path(name), text);
  }

  /** Manifests of these names, in files of 500. */
  wants(names, lines = '') {
    const document = (name) => `apiVersion: retune.dev/v1
kind: TunedModel
metadata: {name: ${name}}
spec:
  baseModel: gemini-3.5-flash
  supervisedTuningSpec:
    trainingDatasetUri: gs://acme-ml/${name}/train.jsonl
    hyperParameters: {epochCount: 3}
${lines}`;
    for (let at = 0; at < names.length; at += 500) {
      const some = names.slice(at, at + 500);
      this.write(`manifests/${some[0]}.yaml`, some.map(document).join('---\n'));
    }
  }

  /** Runs a command to its end; what it printed. */
  async run(...args) {
    const options = { cwd: this.directory, env: this.environment, stdio: ['ignore', 'pipe', 'pipe'] };
    const process = spawn(this.binary, args, options);
    const read = async (stream) => {
      const parts = [];
      for await (const part of stream) parts.push(part);
      return Buffer.concat(parts).toString();
    };
    const ended = new Promise((resolve) => process.on('exit', resolve));
    const all = Promise.all([ended, read(process.stdout), read(process.stderr)]);
    const [status, printed, said] = await within(all, `retune ${args[0]}`);
    if (status !== 0) throw new Error(`retune ${args.join(' ')}: ${said}`);
    return printed;
  }

  /** The create requests that would be made now, by name. */
  async requests() {
    const plan = JSON.parse(await this.run('plan', 'manifests', '--format', 'json'));
    return new Map(plan.actions.map((action) => [action.name, action.request]));
  }

  /** A daemon that has made a pass; with its address. */
  async watch(...args) {
    const watch = ['watch', 'manifests', '--listen', '127.0.0.1:0', '--log-format', 'json', ...args];
    const process = spawn(this.binary, watch, {
      cwd: this.directory,
      env: this.environment,
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    const daemon = new Daemon(process);
    await daemon.ready();
    return daemon;
  }

  remove() {
    rmSync(this.directory, { recursive: true, force: true });
  }
}

class Daemon {
  constructor(process) {
    this.process = process;
    this.ended = new Promise((resolve) => process.on('exit', resolve));
  }

  async ready() {
    const said = [];
    const address = (async () => {
      for await (const line of createInterface({ input: this.process.stderr })) {
        said.push(line);
        const url = /listening on (http:\/\/[\d.:]+)/.exec(line);
        if (url) return url[1];
      }
      throw new Error(`the daemon ended: ${said.join('\n')}`);
    })();
    this.url = await within(address, 'the daemon to listen');
    // Nobody reads on; a full pipe would stop it.
    this.process.stderr.resume();
    await until('a complete pass', async () => (await fetch(`${this.url}/readyz`)).ok);
  }

  async stop() {
    this.process.kill('SIGTERM');
    await within(this.ended, 'the daemon to stop');
  }
}

/** What `promise` gives, unless it takes too long. */
export function within(promise, what) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`waited in vain for ${what}`)), PATIENCE_MS);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

/** Waits until `holds` says so. */
export async function until(what, holds) {
  const last = Date.now() + PATIENCE_MS;
  while (!(await holds())) {
    if (Date.now() > last) throw new Error(`waited in vain for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
