// A real browser, and what is wrong with a page in it.

import { spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
export const target = resolve(here, '../../target/page');

/** Nothing but the pages under test may be asked for; a browser of its own
 * accord asks its maker. */
const FLAGS = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** Installs what drives the browser, below `target/`. */
function install() {
  const wanted = readFileSync(join(here, 'package-lock.json'), 'utf8');
  const marker = join(target, 'package-lock.json');
  const there = existsSync(join(target, 'node_modules/axe-core/axe.min.js'));
  if (!there || readFileSync(marker, 'utf8') !== wanted) {
    mkdirSync(target, { recursive: true });
    for (const file of ['package.json', 'package-lock.json']) {
      copyFileSync(join(here, file), join(target, file));
    }
    const npm = spawnSync('npm', ['ci', '--no-audit', '--no-fund', '--ignore-scripts'], {
      cwd: target,
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    if (npm.status !== 0) throw new Error('npm could not install what drives the browser');
  }
  return createRequire(join(target, 'package.json'));
}

export async function launch() {
  const require = install();
  const axe = readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8');
  const executablePath = process.env.CHROMIUM ?? '/usr/bin/chromium';
  const browser = await require('playwright-core').chromium.launch({ executablePath, args: FLAGS });
  return new Browser(browser, axe);
}

class Browser {
  constructor(browser, axe) {
    this.browser = browser;
    this.axe = axe;
  }

  /** A tab, and everything that it complains about or asks of anybody. */
  async open(url, { width = 1280, scheme = 'light', script = true, motion = 'no-preference' } = {}) {
    const context = await this.browser.newContext({
      viewport: { width, height: 900 },
      colorScheme: scheme,
      javaScriptEnabled: script,
      reducedMotion: motion,
    });
    const page = await context.newPage();
    const own = url.startsWith('file:') ? url.split('#')[0] : new URL(url).origin;
    page.trouble = [];
    page.on('console', (message) => page.trouble.push(`${message.type()}: ${message.text()}`));
    page.on('pageerror', (error) => page.trouble.push(`error: ${error.message}`));
    page.on('dialog', (dialog) => {
      page.trouble.push(`dialog: ${dialog.message()}`);
      dialog.dismiss();
    });
    page.on('request', (request) => {
      const asked = request.url();
      const inert = asked.startsWith('data:') || asked.startsWith(own);
      if (!inert) page.trouble.push(`request: ${asked}`);
    });
    page.status = (await page.goto(url))?.status();
    return page;
  }

  /** Rules of accessibility that a page breaks. */
  async audit(page) {
    // Through the debugger: the page's own policy lets no other script in.
    await page.evaluate(this.axe);
    const found = await page.evaluate(() => globalThis.axe.run(document, {
      resultTypes: ['violations'],
      runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'],
    }));
    return found.violations.map(
      ({ id, nodes }) => `${id}: ${nodes.slice(0, 3).map((node) => node.html.slice(0, 160)).join(' | ')}`,
    );
  }

  close() {
    return this.browser.close();
  }
}
