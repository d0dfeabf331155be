// Everything that comes from elsewhere means harm.

import { equal, expect, sound, text } from './expect.mjs';
import { World } from './retune.mjs';
import { Service, job } from './service.mjs';

const HARM = [
  '<script>globalThis.harm = 1</script>',
  '<img src=x onerror="globalThis.harm = 1">',
  '</style></title></textarea><svg onload=globalThis.harm=1>',
  '" autofocus onfocus="globalThis.harm = 1" x="',
  "' onmouseover='globalThis.harm = 1",
  '&lt;b&gt; &amp; \u202egnp.exe\u2066 \u200b\u0000\u001b[31m \u2028',
  'javascript:globalThis.harm=1//`onclick=globalThis.harm=1`',
].join(' ');

export async function hostile({ binary, browser, check, after }) {
  const service = await Service.start();
  after(() => service.stop());
  const world = new World(binary, service);
  after(() => world.remove());
  world.wants(['good', 'bad', 'running']);
  const asked = await world.requests();
  const data = {
    supervisedTuningDataStats: {
      totalBillableTokenCount: '12',
      tuningDatasetExampleCount: HARM,
      totalTruncatedExampleCount: '2',
      truncatedExampleIndices: ['1', HARM],
      droppedExampleReasons: [HARM, HARM],
      userInputTokenDistribution: { min: 1, max: 9, p5: HARM, buckets: [{ count: HARM, left: 1 }] },
    },
  };
  const harmful = {
    tunedModelDisplayName: HARM,
    description: HARM,
    baseModel: HARM,
    supervisedTuningSpec: { trainingDatasetUri: HARM },
    experiment: HARM,
    tuningDataStats: data,
  };
  const checkpoints = [{ checkpointId: HARM, epoch: '1', step: HARM, endpoint: HARM }];
  const labels = (name) => ({ ...asked.get(name).labels, harm: HARM, 'retune-rev': HARM });
  service.jobs = [
    job(asked.get('good'), 'JOB_STATE_SUCCEEDED', {
      tunedModel: { model: HARM, endpoint: HARM, checkpoints },
      ...harmful,
      labels: { ...labels('good'), 'retune-run': HARM },
    }),
    job(asked.get('bad'), 'JOB_STATE_FAILED', {
      error: { code: 3, message: HARM },
      ...harmful,
      labels: labels('bad'),
    }),
    job(asked.get('running'), HARM, { ...harmful, labels: labels('running') }),
  ];
  const daemon = await world.watch('--observe', '--interval', '1s');
  after(() => daemon.stop());
  await world.run('status', '--html', 'page.html');
  const file = `file://${world.path('page.html')}`;
  const views = ['good', 'bad', 'running'].flatMap((name) => [
    `${daemon.url}/models/acme-ml/us-central1/${name}`,
    `${file}#model/acme-ml/us-central1/${name}`,
  ]);

  await check('nothing that comes from elsewhere does anything', async () => {
    for (const url of [daemon.url, file, ...views]) {
      const page = await browser.open(url);
      await page.mouse.move(640, 300);
      await page.keyboard.press('Tab');
      equal(await page.evaluate(() => globalThis.harm ?? null), null, url);
      equal(await page.locator('script').count(), 1, `scripts of ${url}`);
      equal(await page.locator('img, iframe, object, [onerror], [onfocus]').count(), 0, url);
      const strange = await page.evaluate(() =>
        [...document.body.innerText].filter((c) => /[\p{Cf}\p{Zl}\p{Zp}]|[\0-\x08\x0b-\x1f]/u.test(c)));
      equal(strange, [], `characters of ${url}`);
      equal(page.trouble, [], url);
      await page.context().close();
    }
  });

  await check('it is shown as what it is', async () => {
    const page = await browser.open(daemon.url);
    const row = await text(page, 'tr:has(a:text-is("bad"))');
    expect(row.includes('<script>globalThis.harm = 1</script>'), row);
    expect(row.includes('\\u{202e}gnp.exe'), row);
    await page.goto(`${daemon.url}/models/acme-ml/us-central1/good`);
    const shown = await text(page, 'main');
    expect(shown.includes('<img src=x onerror="globalThis.harm = 1">'), shown);
    await page.context().close();
  });

  await check('it looks right all the same', async () => {
    await sound(browser, daemon.url);
    for (const url of views.slice(0, 4)) await sound(browser, url);
  });
}
