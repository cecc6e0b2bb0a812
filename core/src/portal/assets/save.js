// Files leave the page decrypted piece by piece. Small ones as a Blob; large
// ones through the service worker, so that memory stays flat.
import { Damaged, random, toHex } from './crypto.js';
import { Failure } from './api.js';
import { decoder } from './decode.js';
import { policy } from './policy.js';
import { safeName } from './dom.js';

const SMALL = 8e6;
const LIMIT = 256e6;

/** @type {Promise<ServiceWorkerRegistration | null> | undefined} */
let registered;

/** The service worker, if this browser has one. */
export const worker = () => (registered = registered || register().catch(() => null));

async function register() {
  const home = new URL('../../', import.meta.url).href;
  const url = policy.createScriptURL(home + 'sw.js');
  const r = await navigator.serviceWorker.register(/** @type {any} */ (url), { scope: home + 'p/' });
  const w = r.installing || r.waiting || r.active;
  if (!w) return null;
  await new Promise((go) => {
    const check = () => w.state === 'activated' && go(0);
    w.addEventListener('statechange', check);
    check();
    setTimeout(go, 4000);
  });
  return r.active && r;
}

/** @param {Portal.Saving} of */
export async function save(of) {
  const plain = pieces(of);
  const name = safeName(of.name);
  if (of.size > SMALL) {
    const r = await worker();
    if (r && (await stream(r, name, plain, of))) return;
    if (of.size > LIMIT) throw new Failure('too_large', { limit: LIMIT });
  }
  const parts = [];
  for await (const piece of plain) parts.push(new Blob([piece]));
  const href = URL.createObjectURL(new Blob(parts, { type: 'application/octet-stream' }));
  const a = document.createElement('a');
  a.href = href;
  a.download = name;
  a.click();
  setTimeout(() => URL.revokeObjectURL(href), 60000);
}

/** The decoded file. Its end is reached only if all of it was authentic. @param {Portal.Saving} of @returns {AsyncGenerator<Bytes>} */
async function* pieces({ read, offset, length, size, encoding, signal, progress, resume }) {
  const { push, end } = decoder(encoding);
  let done = 0;
  let given = 0;
  while (done < length) {
    try {
      for await (const all of read(offset + done, length - done, signal)) {
        if (signal.aborted) throw new Damaged();
        for (const piece of all) done += piece.length;
        const out = push(all);
        given += out.length;
        if (given > size) throw new Damaged();
        progress(given);
        if (out.length) yield out;
      }
    } catch (e) {
      if (!(e instanceof Failure && e.kind === 'offline')) throw e;
      await resume();
      if (signal.aborted) throw e;
    }
  }
  const rest = end();
  if (given + rest.length !== size) throw new Damaged();
  if (rest.length) yield rest;
}

/**
 * Gives the pieces to the worker as the browser asks for them. False if the
 * browser never asked.
 * @param {ServiceWorkerRegistration} r @param {string} name @param {AsyncGenerator<Bytes>} plain @param {Portal.Saving} of
 * @returns {Promise<boolean>}
 */
function stream(r, name, plain, { size, signal, app }) {
  const { port1: port, port2 } = new MessageChannel();
  const id = toHex(random(16));
  const send = (/** @type {unknown} */ m, /** @type {Transferable[]} */ t = []) => r.active && r.active.postMessage(m, t);
  return new Promise((done, failed) => {
    let asked = false;
    const wake = setInterval(() => send(0), 10000);
    /** @param {() => void} how */
    const finish = (how) => {
      clearInterval(wake);
      clearTimeout(late);
      removeEventListener('forget', stop);
      how();
    };
    const stop = () => {
      port.postMessage({ error: true });
      finish(() => failed(new Failure('aborted')));
    };
    const late = setTimeout(() => {
      if (asked) return;
      port.postMessage({ error: true });
      finish(() => done(false));
    }, 15000);
    signal.addEventListener('abort', stop);
    addEventListener('forget', stop);
    port.onmessage = async ({ data }) => {
      if (data === 'ready') location.assign(`${app.base}/save/${id}`);
      if (data === 'cancel') finish(() => failed(new Failure('aborted')));
      if (data !== 'pull') return;
      asked = true;
      try {
        const { value, done: last } = await plain.next();
        if (value) port.postMessage({ piece: value }, [value.buffer]);
        if (!last) return;
        port.postMessage({ last });
        finish(() => done(true));
      } catch (e) {
        port.postMessage({ error: true });
        finish(() => failed(e));
      }
    };
    send({ id, name, size }, [port2]);
  });
}
