// Filters the list, and keeps the page up to date. Everything can be read
// without it.
//
// A refresh asks for the page again and takes over only what changed: parts
// carry a version (`data-v`), and what has the same one stays the very element
// it was, with its focus, its selection and its open details.
'use strict';
(() => {
  const root = document.documentElement;
  const byId = (id) => document.getElementById(id);

  // -- The filter -----------------------------------------------------------

  const box = byId('filter-box');
  const input = byId('filter');
  const matches = byId('matches');
  /** The text of each row, which is made once. */
  const texts = new WeakMap();

  const textOf = (row) => {
    let text = texts.get(row);
    if (text === undefined) {
      text = row.textContent.toLowerCase();
      texts.set(row, text);
    }
    return text;
  };

  const filter = () => {
    if (!input) return;
    const words = input.value.toLowerCase().split(/\s+/).filter(Boolean);
    let shown = 0;
    let all = 0;
    for (const table of document.querySelectorAll('[data-rows]')) {
      let here = 0;
      for (const part of table.tBodies) {
        let inPart = 0;
        for (const row of part.rows) {
          const fits = words.every((word) => textOf(row).includes(word));
          if (row.hidden === fits) row.hidden = !fits;
          if (fits) inPart += 1;
        }
        part.hidden = inPart === 0;
        // The length of what the browser does not lay out.
        part.style.setProperty('--rows', inPart);
        here += inPart;
        all += part.rows.length;
      }
      shown += here;
      table.closest('section').hidden = here === 0;
    }
    const number = (count) => count.toLocaleString('en');
    const text = words.length === 0 ? '' : `${number(shown)} of ${number(all)} models`;
    if (matches.textContent !== text) matches.textContent = text;
  };

  /** The filter stays in the address, so that it survives a way back. */
  const remember = () => {
    const address = new URL(location.href);
    if (input.value) address.searchParams.set('q', input.value);
    else address.searchParams.delete('q');
    try {
      history.replaceState(history.state, '', address);
    } catch {
      // A file may have no other address than its own.
    }
  };

  if (box) {
    box.hidden = false;
    input.value = new URL(location.href).searchParams.get('q') ?? '';
    let later;
    input.addEventListener('input', () => {
      filter();
      clearTimeout(later);
      later = setTimeout(remember, 300);
    });
    filter();
  }

  // -- Refreshing -----------------------------------------------------------

  if (!('live' in root.dataset)) return;

  /** As often as a run's progress is worth a look; mostly nothing is new, and
   * the answer has no body. */
  const PERIOD = 5_000;
  const live = byId('live');
  /** Of the page as it was sent; another style or script is another version too. */
  let version = root.dataset.live;
  let asking = false;

  const say = (text) => {
    if (live && live.textContent !== text) live.textContent = text;
  };

  const FOCUSABLE = 'a[href], button, input, summary';

  /** Puts `next` in the place of `old`, with what a reader did to it; `active`
   * is the element that had the focus. */
  const replace = (old, next, active = document.activeElement) => {
    const focused = [...old.querySelectorAll(FOCUSABLE)].indexOf(active);
    const details = old.querySelectorAll('details');
    next.querySelectorAll('details').forEach((detail, at) => {
      if (details[at]) detail.open = details[at].open;
    });
    old.replaceWith(next);
    if (focused >= 0) next.querySelectorAll(FOCUSABLE)[focused]?.focus({ preventScroll: true });
  };

  /** Makes the rows of `old` those of `next`, in their order and parts. A row
   * of the same version stays the element that it was, wherever it goes. */
  const takeRows = (old, next) => {
    const active = document.activeElement;
    const known = new Map([...old.tBodies].flatMap((part) => [...part.rows].map((row) => [row.id, row])));
    const parts = [...next.tBodies].map((part) => [...part.rows]);
    const wanted = new Set(parts.flat().map((row) => row.id));
    // Those that go make room first: then what stays hardly ever has to move.
    for (const [id, row] of known) if (!wanted.has(id)) row.remove();
    parts.forEach((rows, index) => {
      const part = () => old.appendChild(next.tBodies[0].cloneNode(false));
      const into = old.tBodies[index] ?? part();
      let at = into.rows[0] ?? null;
      for (const row of rows) {
        const before = known.get(row.id);
        if (before && before === at) at = at.nextElementSibling;
        else into.insertBefore(before ?? row, at);
        if (before?.dataset.v === row.dataset.v) continue;
        row.classList.add('changed');
        if (before) replace(before, row, active);
      }
      // One more above pushes the last one into the next part.
      const rest = [...into.rows].slice(rows.length);
      if (rest.length > 0) (old.tBodies[index + 1] ?? part()).prepend(...rest);
    });
    for (const empty of [...old.tBodies].slice(parts.length)) empty.remove();
    // An element that is moved loses the focus.
    if (active !== document.activeElement && active.isConnected) active.focus({ preventScroll: true });
  };

  /** Says when the daemon looked last: that alone makes no other version. */
  const date = (answer) => {
    const looked = new Date(answer.headers.get('last-modified') ?? NaN);
    const time = document.querySelector('.top time');
    if (!time || Number.isNaN(looked.getTime())) return;
    const iso = looked.toISOString();
    const text = `${iso.slice(0, 10)} ${iso.slice(11, 16)} UTC`;
    if (time.textContent !== text) time.textContent = text;
    time.dateTime = `${iso.slice(0, 19)}Z`;
  };

  const takeOver = (text) => {
    const next = new DOMParser().parseFromString(text, 'text/html');
    // Another version of the program: its style and script are not ours.
    const made = (page) => [...page.querySelectorAll('style, script')].map((e) => e.textContent).join();
    const parts = (page) => [...page.querySelectorAll('[data-v]:not([data-rows] *)')].map((e) => e.id).join();
    if (made(next) !== made(document) || parts(next) !== parts(document)) {
      location.reload();
      return;
    }
    for (const part of next.querySelectorAll('[data-v]')) {
      if (part.closest('[data-rows]')) continue;
      const old = byId(part.id);
      if (old && old.dataset.v !== part.dataset.v) replace(old, document.adoptNode(part));
    }
    for (const rows of next.querySelectorAll('[data-rows]')) {
      const old = byId(rows.id);
      if (old) takeRows(old, rows);
    }
    if (document.title !== next.title) document.title = next.title;
    filter();
  };

  const refresh = async () => {
    if (asking) return;
    asking = true;
    try {
      const headers = { 'If-None-Match': `"${version}"` };
      const answer = await fetch(location.pathname, { headers, cache: 'no-store' });
      if (answer.status === 200) {
        const text = await answer.text();
        version = (answer.headers.get('etag') ?? '').replaceAll('"', '');
        takeOver(text);
      } else if (answer.status !== 304) {
        throw new Error(answer.statusText);
      }
      date(answer);
      say('');
    } catch {
      say('The daemon does not answer; this is what it said last.');
    } finally {
      asking = false;
    }
  };

  // A tab that nobody sees asks nothing.
  const tick = async () => {
    if (!document.hidden) await refresh();
    setTimeout(tick, PERIOD);
  };
  setTimeout(tick, PERIOD);
  document.addEventListener('visibilitychange', () => {
    if (!document.hidden) refresh();
  });
})();
