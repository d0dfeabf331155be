// The files of `retune metrics --format html` and `--format svg`.

import { createServer } from 'node:http';

import { equal, expect, sound, text } from './expect.mjs';
import { World } from './retune.mjs';

const SAMPLES = 'gs://retune-samples';

const manifest = (name, training, validation) => `apiVersion: retune.dev/v1
kind: TunedModel
metadata: {name: ${name}}
spec:
  baseModel: gemini-3.5-flash
  supervisedTuningSpec:
    trainingDatasetUri: ${SAMPLES}/${training}
    ${validation ? `validationDatasetUri: ${SAMPLES}/${validation}` : ''}
    hyperParameters: {epochCount: 6}
`;

export async function metrics({ binary, browser, check, after }) {
  const world = new World(binary);
  after(() => world.remove());
  const validation = 'support-faq/validation.jsonl';
  world.write('manifests/faq.yaml', manifest('support-faq', 'curves/overfit.jsonl', validation));
  world.write('manifests/nan.yaml', manifest('diverged', 'curves/nan.jsonl', validation));
  world.write('manifests/long.yaml', manifest('long', 'curves/long.jsonl'));
  await world.run('apply', '--emulator', '--yes', '--wait');
  const file = async (name, ...args) => {
    await world.run('metrics', '--emulator', ...args, '--write', name);
    return `file://${world.path(name)}`;
  };
  const one = await file('one.html', 'support-faq', '--format', 'html');
  const all = await file('all.html', 'support-faq', 'diverged', 'long', '--format', 'html');
  const picture = await file('one.svg', 'support-faq', '--format', 'svg');

  await check('the curves of a run are judged, drawn and told', async () => {
    const page = await browser.open(one, { script: false });
    const judged = await text(page, '.run');
    for (const part of ['Best step 39', 'Over-fits after step 39', 'succeeded']) {
      expect(judged.includes(part), `${part} not in ${judged}`);
    }
    equal(await page.locator('figure > svg:visible').count(), 2);
    const words = await page.locator('figure desc').first().textContent();
    expect(words.includes('evaluation loss: from ') && words.includes('Lowest at step 39'), words);
    expect(await page.locator('table').isHidden(), 'the table is open');
    await page.click('summary');
    const rows = await page.locator('tbody tr').allInnerTexts();
    const told = JSON.parse(
      await world.run('metrics', '--emulator', 'support-faq', '--format', 'json'),
    );
    const loss = told.runs[0].series.find((series) => series.name === '/eval_total_loss');
    equal(rows.map((row) => Number(row.split('\t')[0])), loss.points.map((point) => point.step));
    for (const [at, { value }] of loss.points.entries()) {
      const shown = Number(rows[at].split('\t')[1]);
      // Four digits are shown.
      expect(Math.abs(shown / value - 1) < 0.001, `${shown} for ${value}`);
    }
    equal(page.trouble, []);
    await page.context().close();
  });

  await check('curves look right in light and dark, wide and narrow', async () => {
    await sound(browser, one);
    await sound(browser, all);
  });

  await check('what lies below a pointer says so', async () => {
    const page = await browser.open(one);
    const titles = await page.locator('figure >> nth=0 >> .rc-hit title').allTextContents();
    expect(titles.length > 30, `${titles.length} columns`);
    expect(titles.some((title) => /^training loss [\d.]+ \(step \d+\)/.test(title)), titles[0]);
    expect(titles.some((title) => title.includes('evaluation loss')), 'no evaluation');
    await page.context().close();
  });

  await check('several runs are told apart without colour', async () => {
    const page = await browser.open(all);
    const marks = await page.locator('figure >> nth=0 >> .rc-mark').evaluateAll((paths) =>
      new Set(paths.map((path) => path.getAttribute('d').replace(/-?[\d.]+/g, '#'))).size);
    expect(marks >= 2, `${marks} shapes of marks`);
    const legend = await page.locator('figure >> nth=0').textContent();
    expect(legend.includes('dotted: training; with marks: evaluation'), legend);
    expect(legend.includes('not a number'), legend);
    await page.context().close();
  });

  await check('a picture follows the scheme, by itself', async () => {
    const grounds = [];
    for (const scheme of ['light', 'dark']) {
      const page = await browser.open(picture, { scheme });
      equal(await page.evaluate(() => document.documentElement.nodeName), 'svg');
      const ground = (at) => getComputedStyle(document.querySelector(at)).fill;
      grounds.push(await page.evaluate(ground, '.rc-ground'));
      equal(page.trouble, []);
      await page.context().close();
    }
    expect(grounds[0] !== grounds[1], `${grounds}`);
  });

  await check('hostile names of series are text', async () => {
    const hostile = `</title></svg><script>alert(1)</script><img src=x onerror=alert(2)>'"&\u202e`;
    const service = await serve(hostile);
    after(() => service.close());
    const strange = new World(binary, { url: `http://127.0.0.1:${service.address().port}` });
    after(() => strange.remove());
    const job = 'projects/1/locations/us-central1/tuningJobs/2';
    await strange.run('metrics', '--run', job, '--format', 'html', '--write', 'hostile.html');
    const url = `file://${strange.path('hostile.html')}`;
    const page = await browser.open(url);
    equal(await page.locator('script, img').count(), 0);
    const heading = await page.locator('.rc-heading').first().textContent();
    equal(heading, hostile.replace('\u202e', '\\u{202e}'));
    equal(page.trouble, []);
    await page.context().close();
    await sound(browser, url);
  });
}

/** A service with one run, whose one series is called `name`. */
async function serve(name) {
  const place = 'projects/1/locations/us-central1';
  const board = `${place}/tensorboards/3`;
  const run = `${board}/experiments/e/runs/r`;
  const points = [1, 2, 3].map((step) => ({ step: `${step}`, scalar: { value: 1 / step } }));
  const answers = {
    [`/v1/${place}/tuningJobs/2`]: {
      name: `${place}/tuningJobs/2`,
      state: 'JOB_STATE_SUCCEEDED',
      experiment: `${place}/metadataStores/default/contexts/e`,
    },
    [`/v1/${place}/metadataStores/default/contexts/e`]: {
      metadata: { backing_tensorboard_resource: board },
    },
    [`/v1/${board}/experiments/e/runs`]: { tensorboardRuns: [{ name: run }] },
    [`/v1/${run}/timeSeries`]: {
      tensorboardTimeSeries: [{ name: `${run}/timeSeries/4`, displayName: name }],
    },
    [`/v1/${board}:batchRead`]: {
      timeSeriesData: [{ tensorboardTimeSeriesId: '4', values: points }],
    },
  };
  const server = createServer((request, response) => {
    const answer = answers[request.url.split('?')[0]];
    response.writeHead(answer ? 200 : 404, { 'content-type': 'application/json' });
    response.end(JSON.stringify(answer ?? { error: { code: 404, status: 'NOT_FOUND' } }));
  });
  await new Promise((listening) => server.listen(0, '127.0.0.1', listening));
  return server;
}
