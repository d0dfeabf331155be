// The daemon's page over a real pass on the built-in emulator.

import { equal, expect, sound, text } from './expect.mjs';
import { World, until } from './retune.mjs';

export async function served({ binary, browser, check, after }) {
  const world = new World(binary);
  after(() => world.remove());
  world.wants(['support-faq', 'summaries']);
  world.wants(['triage'], '  lifecycle: {suspend: true}\n');
  const daemon = await world.watch('--emulator', '--interval', '1s');
  after(() => daemon.stop());
  const view = `${daemon.url}/models/acme-ml/us-central1/support-faq`;
  await until('a tuned model', async () => {
    const status = await (await fetch(`${daemon.url}/api/v1/status`)).json();
    return status.models.some((model) => model.name === 'support-faq' && model.status === 'tuned');
  });

  await check('the list says how each model is', async () => {
    const page = await browser.open(daemon.url);
    expect((await page.title()).includes('acme-tuning (emulator)'), await page.title());
    equal(await text(page, 'h1'), 'acme-tuning emulator');
    const row = (name) => text(page, `tr:has(a:text-is("${name}"))`);
    expect((await row('support-faq')).includes('tuned'), await row('support-faq'));
    expect(/\$\d+\.\d\d/.test(await row('support-faq')), await row('support-faq'));
    expect((await row('triage')).includes('suspended'), await row('triage'));
    expect((await row('triage')).includes('lifecycle.suspend: true'), await row('triage'));
    equal(await page.locator('tr:has(a:text-is("summaries"))').count(), 1);
    equal(page.trouble, []);
    await page.context().close();
  });

  await check('a model has a view of its own', async () => {
    const page = await browser.open(daemon.url);
    await page.click('a:text-is("support-faq")');
    await page.waitForURL(view);
    equal(await text(page, 'h1'), 'support-faq tuned emulator');
    for (const heading of ['Runs', 'Curves', 'What came of it', 'Spec']) {
      equal(await page.locator(`h2:text-is("${heading}")`).count(), 1, heading);
    }
    expect((await text(page, '#spec')).includes('gs://acme-ml/support-faq/train.jsonl'), 'the spec');
    expect((await text(page, '#data')).includes('Billable tokens'), 'the data');
    expect((await page.locator('#data svg rect').count()) > 3, 'the histograms');
    equal(await page.locator('#curves svg.rc-chart').count(), 2, 'the curves');
    const line = page.locator('#curves .rc-line').first();
    const stroke = await line.evaluate((line) => getComputedStyle(line).stroke);
    expect(/^rgb/.test(stroke), `a line is drawn with ${stroke}`);
    expect((await text(page, '#made')).includes('/endpoints/'), 'the endpoint');
    await page.click('a:text-is("All models")');
    await page.waitForURL(`${daemon.url}/`);
    equal(page.trouble, []);
    await page.context().close();
  });

  await check('both look right in light and dark, wide and narrow', async () => {
    await sound(browser, daemon.url);
    await sound(browser, view);
  });

  await check('everything can be read without the script', async () => {
    const page = await browser.open(daemon.url, { script: false });
    expect(await page.locator('a:text-is("support-faq")').isVisible(), 'the list');
    expect(await page.locator('#filter').isHidden(), 'a filter that does nothing');
    await page.click('a:text-is("support-faq")');
    await page.waitForURL(view);
    expect((await text(page, 'main')).includes('support-faq/train.jsonl'), 'the view');
    await page.context().close();
  });

  await check('the keyboard reaches everything', async () => {
    const page = await browser.open(daemon.url);
    const reached = [];
    for (let presses = 0; presses < 8; presses += 1) {
      await page.keyboard.press('Tab');
      reached.push(await page.evaluate(() => {
        const { id, textContent, outerHTML } = document.activeElement;
        const outline = getComputedStyle(document.activeElement).outlineStyle;
        if (outline === 'none') return `no outline: ${outerHTML}`;
        return id || textContent.trim();
      }));
    }
    equal(reached[0], 'Skip to the models');
    expect(reached.some((text) => /^\d+ Needs attention$/.test(text)), reached.join(', '));
    expect(reached.indexOf('filter') > 0, reached.join(', '));
    expect(reached.indexOf('support-faq') > reached.indexOf('filter'), reached.join(', '));
    expect(!reached.some((text) => text.startsWith('no outline')), reached.join(', '));
    await page.focus('a:text-is("triage")');
    await page.keyboard.press('Enter');
    await page.waitForURL('**/triage');
    await page.context().close();
  });

  await check('the filter narrows the list and stays on the way back', async () => {
    const page = await browser.open(daemon.url);
    await page.fill('#filter', 'TUNED faq');
    equal(await text(page, '#matches'), '1 of 3 models');
    equal(await page.locator('[data-rows] tbody tr:visible').count(), 1);
    equal(await page.locator('section:visible').count(), 1);
    await page.waitForURL('**/?q=TUNED+faq');
    await page.click('a:text-is("support-faq")');
    await page.waitForURL(view);
    await page.goBack();
    equal(await page.inputValue('#filter'), 'TUNED faq');
    equal(await page.locator('[data-rows] tbody tr:visible').count(), 1);
    await page.fill('#filter', 'nothing has this');
    equal(await text(page, '#matches'), '0 of 3 models');
    await page.fill('#filter', '');
    equal(await page.locator('[data-rows] tbody tr:visible').count(), 3);
    await page.context().close();
  });

  await check('an address without a model says so', async () => {
    const page = await browser.open(`${daemon.url}/models/acme-ml/us-central1/nobody`);
    equal(page.status, 404);
    equal(await text(page, 'h1'), 'No such model');
    await page.context().close();
  });
}
