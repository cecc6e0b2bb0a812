// Opens pages for the tests and watches what they do.
import { createHmac } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import assert from 'node:assert/strict';
import { chromium } from 'playwright-core';

export const MESSAGE = 'article';

export class World {
  constructor(base, { links, outbox, replies }) {
    // The mock has a message for each case; a server may have fewer.
    for (const [kind, like] of Object.entries({ rich: 'html', files: 'html' })) links[kind] = links[kind] || links[like];
    Object.assign(this, { base, links, outbox, replies, sessions: {}, open: [] });
    this.origin = new URL(base).origin;
  }

  async launch() {
    const executablePath = process.env.CHROMIUM || '/usr/bin/chromium';
    this.browser = await chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-dev-shm-usage', '--ignore-certificate-errors'] });
    return this;
  }

  has(...kinds) {
    for (const kind of kinds) if (!this.links[kind]) throw new Skip(kind);
  }

  /** A page that is watched: what it logs, throws, requests. */
  async page({ workers = 'block', ...how } = {}) {
    const ctx = await this.browser.newContext({ serviceWorkers: workers, viewport: { width: 900, height: 900 }, locale: 'en-US', ignoreHTTPSErrors: true, acceptDownloads: true, ...how });
    const page = await ctx.newPage();
    page.seen = { console: [], errors: [], requests: [], challenges: 0 };
    page.on('console', (m) => page.seen.console.push(m.text()));
    page.on('pageerror', (e) => page.seen.errors.push(String(e.stack)));
    ctx.on('request', (r) => page.seen.requests.push({ url: r.url(), method: r.method(), headers: r.headers() }));
    page.on('dialog', (d) => {
      page.seen.errors.push(`dialog: ${d.message()}`);
      d.dismiss().catch(() => {});
    });
    // How long a step takes is no matter here; this ends what would never come.
    page.setDefaultTimeout(60000);
    this.open.push(page);
    return page;
  }

  /** Goes to a link and waits for the first screen. */
  async visit(page, url) {
    await page.goto(url);
    await screen(page);
  }

  /** Until the message is shown; a session that was made before is used again. */
  async letter(kind, how = {}) {
    this.has(kind);
    const page = how.page || (await this.page(how));
    const { url, passcode } = this.links[kind];
    if (this.sessions[kind] && !how.fresh) await page.context().addCookies(this.sessions[kind]);
    await this.visit(page, how.url || url);
    if (await page.$('#field')) await this.passcode(page, passcode);
    await page.waitForSelector(MESSAGE);
    if (!how.fresh) this.sessions[kind] = await page.context().cookies();
    return page;
  }

  async passcode(page, code) {
    await page.fill('#field', code);
    await page.press('#field', 'Enter');
  }

  /** Answers of the server changed on their way. */
  async twist(page, pattern, change) {
    await page.route(pattern, async (route) => {
      const answer = await route.fetch({ headers: { ...route.request().headers(), origin: this.origin } });
      const changed = await change({ status: answer.status(), headers: answer.headers(), body: await answer.body(), request: route.request() });
      const headers = { ...answer.headers(), ...(changed.headers || {}) };
      delete headers['content-length'];
      await route.fulfill({ status: changed.status || answer.status(), headers, body: changed.body });
    });
  }

  async refuse(page, pattern, status, body) {
    await page.route(pattern, (route) => route.fulfill({ status, contentType: 'application/json', body: JSON.stringify(body) }));
  }

  async codes() {
    return (await fetch(this.outbox)).json();
  }

  async replied() {
    return (await fetch(this.replies)).json();
  }

  totp(kind, when = Date.now()) {
    const counter = Buffer.alloc(8);
    counter.writeBigUInt64BE(BigInt(Math.floor(when / 30000)));
    const bits = [...this.links[kind].seed].map((c) => 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'.indexOf(c).toString(2).padStart(5, '0')).join('');
    const seed = Buffer.from(bits.match(/.{8}/g).map((b) => parseInt(b, 2)));
    const h = createHmac('sha1', seed).update(counter).digest();
    return String((h.readUInt32BE(h[19] & 15) & 0x7fffffff) % 1e6).padStart(6, '0');
  }

  /** Nothing odd happened on any page, and no secret got out. */
  async settle({ quiet = true } = {}) {
    for (const page of this.open) {
      if (page.isClosed()) continue;
      const s = page.seen;
      assert.deepEqual(s.errors, [], 'errors on the page');
      if (quiet) assert.deepEqual(s.console.filter((m) => !/Failed to load resource|\[DOM\] Password forms|net::ERR|Service Worker registration blocked/.test(m)), [], 'console');
      for (const r of s.requests) if (!r.url.startsWith(this.origin) && !r.url.startsWith('blob:') && !r.url.startsWith('data:')) assert.fail(`a request left: ${r.url}`);
    }
    await this.clean();
  }

  async clean() {
    for (const page of this.open) if (!page.isClosed()) await this.close(page);
    this.open = [];
  }

  /** Closes a page; nobody waits for the answers that are changed on their way to it. */
  async close(page) {
    await page.unrouteAll({ behavior: 'ignoreErrors' });
    await page.context().close();
  }
}

export class Skip extends Error {}

/** A screen of the page is shown, not the wait before it. */
export const screen = (page) => page.waitForFunction(() => document.querySelector('#main > section > h1') && !document.querySelector('#old'));

export const heading = (page) => page.textContent('#main h1');

/** Waits for this heading. */
export const headed = (page, text) => page.waitForFunction((t) => document.querySelector('#main h1')?.textContent === t, text);

export const download = async (page, act) => {
  const [d] = await Promise.all([page.waitForEvent('download'), act()]);
  const path = await d.path();
  return { name: d.suggestedFilename(), body: await readFile(path), path };
};

export { assert };
