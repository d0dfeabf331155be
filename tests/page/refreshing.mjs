// The page keeps itself up to date, and nobody notices but by what changed.

import { equal, expect, soon, text } from './expect.mjs';
import { World } from './retune.mjs';
import { Service, job } from './service.mjs';

/** Twice the page's own period. */
const SOON = { timeout: 15_000 };

export async function refreshing({ binary, browser, check, after }) {
  const service = await Service.start();
  after(() => service.stop());
  const world = new World(binary, service);
  after(() => world.remove());
  const names = Array.from({ length: 40 }, (_, at) => `model-${String(at).padStart(2, '0')}`);
  world.wants(names);
  const asked = await world.requests();
  const states = (name) => (name === 'model-07' ? 'JOB_STATE_RUNNING' : 'JOB_STATE_SUCCEEDED');
  service.jobs = names.map((name) => job(asked.get(name), states(name)));
  service.jobs[names.indexOf('model-07')].tuningJobMetadata = { completedStepCount: '30', completedEpochCount: '1' };
  service.jobs[names.indexOf('model-07')].tuningDataStats.supervisedTuningDataStats.tuningStepCount = '120';
  const daemon = await world.watch('--observe', '--interval', '1s');
  let stopped = false;
  after(() => stopped || daemon.stop());
  const row = (name) => `tr:has(a:text-is("${name}"))`;

  await check('a run says how far it is, from the first look', async () => {
    const page = await browser.open(daemon.url);
    const bar = page.getByRole('progressbar', { name: 'Steps of model-07' });
    equal(await bar.evaluate((bar) => bar.value / bar.max), 0.25);
    const shown = await text(page, row('model-07'));
    expect(shown.includes('30 / 120 steps') && shown.includes('epoch 1 of 3'), shown);
    await page.context().close();
  });

  await check('only rows that changed are replaced, and a reader keeps her place', async () => {
    const page = await browser.open(daemon.url);
    await page.evaluate(() => {
      for (const element of document.querySelectorAll('body, #filter, [data-rows] tbody tr')) element.kept = true;
    });
    await page.fill('#filter', 'model');
    await page.focus('a:text-is("model-30")');
    await page.evaluate(() => document.activeElement.scrollIntoView({ block: 'center' }));
    const place = (name) => page.locator(row(name)).evaluate((row) => row.getBoundingClientRect().top);
    const before = await place('model-30');
    const at = names.indexOf('model-21');
    const error = { code: 13, message: 'It broke.' };
    service.jobs[at] = { ...service.jobs[at], state: 'JOB_STATE_FAILED', tunedModel: undefined, error };
    const running = names.indexOf('model-07');
    service.jobs[running] = job(asked.get('model-07'), 'JOB_STATE_SUCCEEDED');
    await soon(page, `#attention ${row('model-21')}`);
    await soon(page, `#as-asked ${row('model-07')}`);
    const replaced = await page.evaluate(() =>
      [...document.querySelectorAll('[data-rows] tbody tr')].filter((row) => !row.kept).map((row) => row.querySelector('a').textContent).sort());
    equal(replaced, ['model-07', 'model-21']);
    equal(await page.evaluate(() => document.body.kept && document.querySelector('#filter').kept), true);
    equal(await page.evaluate(() => document.activeElement.textContent), 'model-30');
    equal(await page.inputValue('#filter'), 'model');
    const moved = Math.abs((await place('model-30')) - before);
    expect(moved < 120, `the row moved by ${moved} pixels`);
    expect((await page.title()).startsWith('(1) '), await page.title());
    equal(await text(page, '#summary'), '1\nNeeds attention\n0\nUnder way\n39\nAs the manifests say');
    equal(page.trouble, []);
    await page.context().close();
  });

  await check('a focused row that changes keeps the focus', async () => {
    const page = await browser.open(daemon.url);
    await page.focus('a:text-is("model-33")');
    await page.evaluate(() => { document.activeElement.closest('tr').old = true; });
    const at = names.indexOf('model-33');
    const stats = { supervisedTuningDataStats: { totalBillableTokenCount: '999999' } };
    service.jobs[at] = { ...service.jobs[at], tuningDataStats: stats };
    await soon(page, `${row('model-33')}:has-text("$15.00")`);
    equal(await page.evaluate(() => document.activeElement.textContent), 'model-33');
    equal(await page.evaluate(() => document.activeElement.closest('tr').old ?? null), null);
    await page.context().close();
  });

  await check('what a reader opened stays open', async () => {
    const at = names.indexOf('model-11');
    const counted = (examples) => ({
      supervisedTuningDataStats: {
        tuningDatasetExampleCount: String(examples),
        totalBillableTokenCount: '1000',
        totalTruncatedExampleCount: '2',
        truncatedExampleIndices: ['4', '8'],
        droppedExampleReasons: ['too long', 'too long'],
      },
    });
    service.jobs[at] = {
      ...job(asked.get('model-11'), 'JOB_STATE_RUNNING'),
      tuningDataStats: counted(500),
    };
    const page = await browser.open(daemon.url);
    await soon(page, `#under-way ${row('model-11')}`);
    await page.goto(`${daemon.url}/models/acme-ml/us-central1/model-11`);
    await page.click('#data summary');
    await page.evaluate(() => { document.querySelector('#spec').kept = true; });
    service.jobs[at] = {
      ...job(asked.get('model-11'), 'JOB_STATE_SUCCEEDED'),
      tuningDataStats: counted(501),
    };
    await soon(page, 'h1:has-text("tuned")');
    await soon(page, '#data:has-text("501")');
    equal(await page.evaluate(() => document.querySelector('#data details').open), true);
    equal(await page.evaluate(() => document.querySelector('#spec').kept), true);
    equal(page.trouble, []);
    await page.context().close();
  });

  await check('when nothing changed the answer has no body', async () => {
    const page = await browser.open(daemon.url);
    const answers = [];
    page.on('response', (response) => answers.push(response.status()));
    await page.waitForResponse((response) => response.status() === 304, SOON);
    expect(answers.length > 0, 'no answer');
    await page.context().close();
  });

  await check('a daemon that has gone is said, and what it said stays', async () => {
    const page = await browser.open(daemon.url);
    await daemon.stop();
    stopped = true;
    await soon(page, '#live:has-text("does not answer")');
    expect(await page.locator(row('model-39')).isVisible(), 'the list has gone');
    await page.context().close();
  });
}
