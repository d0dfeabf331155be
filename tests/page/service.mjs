// A tuning service that holds whatever a test puts into it: what it answers
// may mean harm, which the emulator never does.

import { createServer } from 'node:http';

export const PLACE = 'projects/acme-ml/locations/us-central1';

/** A service with no jobs; `jobs` is the listing, newest last. */
export class Service {
  jobs = [];
  requests = [];

  static async start() {
    const service = new Service();
    service.server = createServer((request, response) => service.answer(request, response));
    await new Promise((resolve) => service.server.listen(0, '127.0.0.1', resolve));
    service.url = `http://127.0.0.1:${service.server.address().port}`;
    return service;
  }

  answer(request, response) {
    const url = new URL(request.url, this.url);
    this.requests.push(url.pathname);
    const send = (status, body) => {
      response.writeHead(status, { 'content-type': 'application/json' });
      response.end(JSON.stringify(body));
    };
    const [, , ...path] = url.pathname.split('/');
    if (path.length === 5 && path[4] === 'tuningJobs') {
      const from = Number(url.searchParams.get('pageToken') ?? 0);
      const to = from + Number(url.searchParams.get('pageSize') ?? 100);
      const more = to < this.jobs.length ? { nextPageToken: String(to) } : {};
      return send(200, { tuningJobs: this.jobs.slice(from, to), ...more });
    }
    if (path.length === 5 && path[4] === 'models') return send(200, {});
    const job = this.jobs.find((job) => job.name.endsWith(`/tuningJobs/${path[5]}`));
    if (job) return send(200, job);
    return send(404, { error: { code: 404, message: 'no such thing', status: 'NOT_FOUND' } });
  }

  stop() {
    this.server.closeAllConnections();
    this.server.close();
  }
}

let id = 1000;

/** A job as the service would hold it after this request of retune's. */
export function job(body, state, more = {}) {
  id += 1;
  const number = String(id);
  const ended = { JOB_STATE_SUCCEEDED: true, JOB_STATE_FAILED: true, JOB_STATE_CANCELLED: true };
  const minutes = (count) => new Date(Date.now() - count * 60_000).toISOString();
  const model = {
    model: `${PLACE}/models/${number}@1`,
    endpoint: `${PLACE}/endpoints/${number}`,
  };
  return {
    name: `${PLACE}/tuningJobs/${number}`,
    ...body,
    labels: { ...body.labels, 'retune-run': number.padStart(16, '0') },
    state,
    createTime: minutes(95),
    startTime: minutes(90),
    updateTime: minutes(40),
    ...(ended[state] ? { endTime: minutes(40) } : {}),
    ...(state === 'JOB_STATE_SUCCEEDED' ? { tunedModel: model } : {}),
    tuningDataStats: { supervisedTuningDataStats: { totalBillableTokenCount: '255243' } },
    ...more,
  };
}
