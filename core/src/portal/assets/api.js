// The portal's HTTP interface.
import { Damaged } from './crypto.js';

const TRIES = 3;
/** How long who waits for a busy server does, in ms. */
const PATIENCE = 120e3;

/** What the server or the network answered instead; `kind` is one of the interface's words or "offline". */
export class Failure extends Error {
  /** @param {string} kind @param {Portal.Details} [data] */
  constructor(kind, data = {}) {
    super(kind);
    this.kind = kind;
    this.data = data;
  }
}

/** @param {string} base the address of the page, without the secret */
export function api(base) {
  /** @param {string} path @param {RequestInit} init */
  async function call(path, init) {
    let answer;
    try {
      answer = await fetch(base + path, { cache: 'no-store', redirect: 'error', referrerPolicy: 'no-referrer', ...init });
    } catch (e) {
      if (init.signal && init.signal.aborted) throw e;
      throw new Failure('offline');
    }
    if (answer.ok) return answer;
    const data = await answer.json().catch(() => ({}));
    throw new Failure(answer.status === 503 ? 'busy' : answer.status < 500 && data.error || 'server', data);
  }

  /** @type {Portal.App['post']} */
  async function post(path, body = {}) {
    const headers = { 'Content-Type': 'application/json', 'X-Mailseal': '1' };
    const answer = await call(path, { method: 'POST', headers, body: JSON.stringify(body) });
    return answer.json().catch(() => Promise.reject(new Failure('offline')));
  }

  /** @param {string} path @param {Bytes} body @param {AbortSignal} signal */
  async function put(path, body, signal) {
    const headers = { 'Content-Type': 'application/octet-stream', 'X-Mailseal': '1' };
    await again(() => call(path, { method: 'PUT', headers, body, signal }), signal);
  }

  /** @type {Portal.FetchPart} */
  async function fetchPart(n, from, length, signal) {
    const headers = { Range: `bytes=${from}-${from + length - 1}` };
    const bytes = await again(async () => {
      const answer = await call(`/parts/${n}`, { headers, signal });
      // A connection that breaks within the body is a lost connection too.
      const body = await answer.arrayBuffer().catch((e) => {
        throw signal && signal.aborted ? e : new Failure('offline');
      });
      return new Uint8Array(body).subarray(answer.status === 206 ? 0 : from);
    }, signal);
    if (bytes.length < length) throw new Damaged();
    return bytes.subarray(0, length);
  }

  /**
   * What may be repeated is, a few times; where `busy` is given, for as long as
   * PATIENCE while the server is busy, which `busy` is told.
   * @template T @param {() => Promise<T>} what @param {AbortSignal} [signal] @param {() => void} [busy] @returns {Promise<T>}
   */
  async function again(what, signal, busy) {
    let wait = 500;
    let end = 0;
    for (let n = 1; ;) {
      try {
        return await what();
      } catch (e) {
        const kind = e instanceof Failure ? e.kind : '';
        let pause = 400 * n * n;
        if (busy && kind === 'busy') {
          busy();
          const now = performance.now();
          end = end || now + PATIENCE;
          if (now > end) throw e;
          pause = wait = Math.min(2 * wait, 15e3);
        } else if (!/^(offline|server|busy)$/.test(kind) || n++ === TRIES) throw e;
        await new Promise((r) => setTimeout(r, pause));
        if (signal && signal.aborted) throw e;
      }
    }
  }

  return { base, post, put, fetchPart, again };
}
