// What checks say when something is not as it should be.

import { deepStrictEqual } from 'node:assert';
import { join } from 'node:path';

import { target } from './browser.mjs';
import { until } from './retune.mjs';

export function expect(holds, otherwise) {
  if (!holds) throw new Error(otherwise);
}

export function equal(found, wanted, what = 'found') {
  try {
    deepStrictEqual(found, wanted);
  } catch {
    throw new Error(`${what}: ${JSON.stringify(found)}, wanted ${JSON.stringify(wanted)}`);
  }
}

/** A page that looks right and asks for nothing, wide and narrow, light and
 * dark; how it looks is kept below `target/page/shots`. */
export async function sound(browser, url) {
  const looks = ['light', 'dark'].flatMap((scheme) => [1280, 380].map((width) => [scheme, width]));
  for (const [scheme, width] of looks) {
    const page = await browser.open(url, { width, scheme });
    const at = `${scheme} at ${width} of ${url}`;
    // Colours depend on the scheme alone, and what stands where on the width
    // alone: two of four tell.
    if ((scheme === 'light') === (width === 1280)) {
      equal(await browser.audit(page), [], `accessibility, ${at}`);
    }
    const sideways = await page.evaluate(
      () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
    );
    equal(sideways, 0, `pixels to scroll sideways, ${at}`);
    equal(page.trouble, [], `what the browser complains of, ${at}`);
    const { protocol, pathname, hash } = new URL(url);
    const name = `${protocol}${pathname.split('/').at(-1)}${hash}`.replaceAll(/[^a-z0-9.-]+/gi, '-');
    await page.screenshot({ path: join(target, 'shots', `${name}-${width}-${scheme}.png`), fullPage: true });
    await page.context().close();
  }
}

/** The text of the first element that fits, as a reader sees it. */
export function text(page, selector) {
  return page.locator(selector).first().innerText();
}

/** Waits until `selector` is there, with the page looking at the daemon again
 * and again: its own period is for people. */
export async function soon(page, selector) {
  const there = page.locator(selector).first();
  await until(selector, async () => {
    if (await there.isVisible()) return true;
    await page.evaluate(() => document.dispatchEvent(new Event('visibilitychange')));
    return false;
  });
}
