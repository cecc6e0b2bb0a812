// Memory of the page while it saves 100 MB, measured in a browser that nobody
// listens to: Playwright has DevTools keep the body of every response, in the
// page's own process, and that alone takes 200 MB.
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A browser over a pipe, with no more of DevTools than running scripts. */
function launch(dir) {
  const child = spawn(process.env.CHROMIUM || '/usr/bin/chromium', ['--headless=new', '--no-sandbox', '--disable-dev-shm-usage', '--no-first-run', '--ignore-certificate-errors', `--user-data-dir=${dir}/profile`, '--remote-debugging-pipe'], { stdio: ['ignore', 'ignore', 'ignore', 'pipe', 'pipe'] });
  const waiting = new Map();
  let [id, rest] = [0, ''];
  child.stdio[4].on('data', (d) => {
    const all = (rest + d).split('\0');
    rest = all.pop();
    for (const m of all.map((s) => JSON.parse(s))) {
      const { go, stop } = waiting.get(m.id) || {};
      if (go) m.error ? stop(new Error(m.error.message)) : go(m.result);
    }
  });
  child.once('exit', () => waiting.forEach(({ stop }) => stop(new Error('the browser ended'))));
  const send = (method, params = {}, sessionId) =>
    new Promise((go, stop) => {
      waiting.set(++id, { go, stop });
      child.stdio[3].write(JSON.stringify({ id, method, params, sessionId }) + '\0');
    });
  return { child, send };
}

/** What `/proc` says of a process, in MB; nothing of one that has ended, reaped or not. */
function field(pid, k) {
  try {
    const [, kb] = new RegExp(`^${k}:\\s+(\\d+)`, 'm').exec(readFileSync(`/proc/${pid}/status`, 'utf8')) || [];
    return kb && Math.round(kb / 1024);
  } catch (e) {
    // Read in the moment in which it went.
    if (['ENOENT', 'ESRCH'].includes(e.code)) return undefined;
    throw e;
  }
}

/** Renderers below this process. */
function renderers(root) {
  const out = [];
  for (const pid of readdirSync('/proc').filter((p) => /^\d+$/.test(p)))
    try {
      if (!readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('--type=renderer')) continue;
      let up = pid;
      while (+up > 1 && +up !== root) up = /^PPid:\s+(\d+)/m.exec(readFileSync(`/proc/${up}/status`, 'utf8'))[1];
      if (+up === root) out.push(pid);
    } catch {}
  return out;
}

/** @returns for each renderer: resident before, highest resident, highest private, MB; and seconds */
export async function memory({ url, passcode }) {
  const dir = mkdtempSync(join(tmpdir(), 'portal-'));
  const { child, send } = launch(dir);
  try {
    await send('Browser.setDownloadBehavior', { behavior: 'allow', downloadPath: dir });
    const { targetId } = await send('Target.createTarget', { url });
    const { sessionId } = await send('Target.attachToTarget', { targetId, flatten: true });
    const run = async (expression) => {
      const { result, exceptionDetails } = await send('Runtime.evaluate', { expression, awaitPromise: true, returnByValue: true, userGesture: true }, sessionId);
      if (exceptionDetails) throw new Error(exceptionDetails.exception?.description || exceptionDetails.text);
      return result.value;
    };
    const until = (what) => run(`new Promise((go) => { const check = () => { try { const x = ${what}; if (x) return go(x); } catch {} setTimeout(check, 20); }; check(); })`);
    // The empty page that comes first is left while we ask.
    const shown = (tries) => until(`document.querySelector('#field')`).catch((e) => (tries ? shown(tries - 1) : Promise.reject(e)));
    await shown(5);
    await run(`document.querySelector('#field').value = ${JSON.stringify(passcode)}; document.querySelector('form button').click()`);
    await until(`document.querySelector('article')`);
    await run(`new Promise(async (go) => { for (;;) { const r = await navigator.serviceWorker.getRegistration(); if (r && r.active) return go(1); await new Promise((n) => setTimeout(n, 20)); } })`);
    const pids = renderers(child.pid);
    const before = Object.fromEntries(pids.map((p) => [p, field(p, 'VmRSS')]));
    const anon = {};
    const watch = (p) => (anon[p] = Math.max(anon[p] || 0, field(p, 'RssAnon') || 0));
    const timer = setInterval(() => pids.forEach(watch), 10);
    const began = performance.now();
    await run(`document.querySelector('section section li:last-child button').click()`);
    const end = await until(`(document.querySelector('section section li:last-child > .hint:not(:empty), section section li:last-child > .error') || {}).textContent`);
    const seconds = (performance.now() - began) / 1000;
    clearInterval(timer);
    // A spare renderer that the browser ended before anything was measured tells nothing.
    const all = pids.map((p) => ({ before: before[p], highest: field(p, 'VmHWM'), private: anon[p] }));
    return { seconds, end, renderers: all.filter((r) => r.highest || r.private) };
  } finally {
    const gone = new Promise((r) => child.once('exit', r));
    child.kill();
    await gone;
    rmSync(dir, { recursive: true, force: true, maxRetries: 5 });
  }
}
