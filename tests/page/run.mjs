// What a reader sees of the page: drives a headless Chromium over what the
// daemon serves and over the files of `retune status --html` and `retune metrics`.
//
//     node tests/page/run.mjs PATH-OF-THE-BINARY [NAME-OF-A-GROUP…]
//
// Prints one line for each check and a closing count; ends with 1 when a check
// failed. What drives the browser is installed into `target/page`; the browser
// is /usr/bin/chromium, or the one that CHROMIUM names.

import { resolve } from 'node:path';

import { launch } from './browser.mjs';
import { filed } from './filed.mjs';
import { hostile } from './hostile.mjs';
import { many } from './many.mjs';
import { metrics } from './metrics.mjs';
import { refreshing } from './refreshing.mjs';
import { served } from './served.mjs';

const groups = { served, filed, hostile, refreshing, many, metrics };

let passed = 0;
let failed = 0;

/** Runs one check; it fails by throwing. */
async function check(name, run) {
  const began = performance.now();
  try {
    const said = await run();
    passed += 1;
    console.log(`ok    ${name}${said ? `: ${said}` : ''} (${Math.round(performance.now() - began)} ms)`);
  } catch (error) {
    failed += 1;
    console.log(`FAIL  ${name}: ${error.message}`);
  }
}

const [binary, ...wanted] = process.argv.slice(2);
if (!binary) throw new Error('name the binary to test');
const unknown = wanted.filter((name) => !(name in groups));
if (unknown.length > 0) throw new Error(`no such group: ${unknown}`);

const browser = await launch();
for (const [name, group] of Object.entries(groups)) {
  if (wanted.length > 0 && !wanted.includes(name)) continue;
  const undo = [];
  try {
    await group({ binary: resolve(binary), browser, check, after: (step) => undo.push(step) });
  } catch (error) {
    failed += 1;
    console.log(`FAIL  ${name}: ${error.stack}`);
  }
  for (const step of undo.reverse()) await step();
}
await browser.close();
console.log(`\n${passed} passed, ${failed} failed`);
process.exit(failed === 0 && passed > 0 ? 0 : 1);
