// The file of `retune status --html`.

import { equal, expect, sound, text } from './expect.mjs';
import { World } from './retune.mjs';
import { Service, job } from './service.mjs';

export async function filed({ binary, browser, check, after }) {
  const service = await Service.start();
  after(() => service.stop());
  const world = new World(binary, service);
  after(() => world.remove());
  world.wants(['support-faq', 'router']);
  const asked = await world.requests();
  service.jobs = [
    job(asked.get('support-faq'), 'JOB_STATE_SUCCEEDED'),
    job(asked.get('router'), 'JOB_STATE_FAILED', {
      error: { code: 3, message: 'Row 12 has no "contents".' },
    }),
  ];
  await world.run('status', '--html', 'page.html');
  const list = `file://${world.path('page.html')}`;
  const view = `${list}#model/acme-ml/us-central1/router`;

  await check('the file has the list, and a view for each model', async () => {
    for (const script of [true, false]) {
      const page = await browser.open(list, { script });
      expect(await page.locator('#list').isVisible(), 'the list');
      const row = await text(page, 'tr:has(a:text-is("router"))');
      expect(row.includes('failed') && row.includes('lifecycle.rerun: 1'), row);
      equal(await page.locator('.view:visible').count(), 0);
      await page.click('a:text-is("router")');
      expect(await page.locator('#list').isHidden(), 'the list is still there');
      equal(await page.locator('.view:visible').count(), 1);
      const shown = await text(page, '.view:visible');
      for (const part of ['Row 12 has no "contents".', 'INVALID_ARGUMENT', 'retune metrics router']) {
        expect(shown.includes(part), `${part} not in ${shown}`);
      }
      await page.click('.view:visible a:text-is("All models")');
      expect(await page.locator('#list').isVisible(), 'the way back');
      equal(page.trouble, []);
      await page.context().close();
    }
  });

  await check('it looks right in light and dark, wide and narrow', async () => {
    await sound(browser, list);
    await sound(browser, view);
  });

  await check('it asks for nothing, also after a while', async () => {
    const page = await browser.open(list, { script: false });
    const policy = await page.getAttribute('meta[http-equiv="Content-Security-Policy"]', 'content');
    expect(!/unsafe|http|\*/.test(policy) && policy.includes("default-src 'none'"), policy);
    equal(await page.locator('[src], link[href]:not([href^="data:"]), [style], [onclick]').count(), 0);
    equal(await page.locator('html[data-live]').count(), 0);
    await page.context().close();
  });
}
