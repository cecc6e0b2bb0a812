// A message's content: any stretch of it, out of the rows in which it is stored.
import { CHUNK, Damaged, HEADER, SEALED, concat, openAll, opener, sealedSize, text, utf8 } from './crypto.js';

const PART = 1 << 20;
const AHEAD = 3;

/**
 * Reads the manifest, holds it against the number of rows, and opens the
 * content's header.
 * @param {{dek: Bytes, item: Bytes, manifest: Bytes, parts: number, fetchPart: Portal.FetchPart}} from
 */
export async function openContent({ dek, item, manifest, parts, fetchPart }) {
  /** @type {Portal.Manifest} */
  const m = JSON.parse(text(await openAll(dek, concat(utf8('mailseal/1/escrow/manifest\0'), item), manifest)));
  const { size, chunks } = m;
  const total = sealedSize(size);
  if (m.v !== 2 || chunks !== Math.floor(size / CHUNK) + 1 || parts !== Math.ceil(total / PART)) throw new Damaged();
  const header = await fetchPart(0, 0, HEADER);
  const open = await opener(dek, concat(utf8('mailseal/1/escrow/content\0'), item), header);

  /**
   * The plaintext from `offset` on, in order, about 1 MiB at a time. Every
   * chunk was authenticated with its number before any of it is given out.
   * @param {number} offset @param {number} length @param {AbortSignal} [signal]
   * @returns {AsyncGenerator<Bytes>}
   */
  async function* read(offset, length, signal) {
    if (!(offset >= 0 && length >= 0 && offset + length <= size)) throw new Damaged();
    if (!length) return;
    const first = Math.floor(offset / CHUNK);
    const last = Math.floor((offset + length - 1) / CHUNK);
    yield* chunksOf(first, last, offset - first * CHUNK, length, signal);
  }

  /** @param {number} first @param {number} last @param {number} skip @param {number} length @param {AbortSignal} [signal] */
  async function* chunksOf(first, last, skip, length, signal) {
    const from = HEADER + first * SEALED;
    const to = Math.min(HEADER + (last + 1) * SEALED, total);
    let next = Math.floor(from / PART);
    const end = Math.floor((to - 1) / PART);
    let chunk = first;
    /** What the row before left of a chunk. @type {Promise<Bytes>} */
    let left = Promise.resolve(new Uint8Array(0));
    /** @type {Promise<Bytes>[]} */
    const queue = [];
    const add = () => {
      const part = next++;
      const a = Math.max(from - part * PART, 0);
      const b = Math.min(to - part * PART, PART);
      const row = Promise.all([left, fetchPart(part, a, b - a, signal)]).then(([l, r]) => {
        const all = concat(l, r);
        const whole = part === end ? all.length : all.length - (all.length % SEALED);
        return { whole: all.subarray(0, whole), rest: all.slice(whole), at: chunk, n: (chunk += Math.ceil(whole / SEALED)) };
      });
      left = row.then((r) => r.rest);
      const plain = row.then(async ({ whole, at }) => {
        const opened = [];
        for (let i = 0; i < whole.length; i += SEALED) opened.push(open(at++, whole.subarray(i, i + SEALED)));
        return concat(...(await Promise.all(opened)).map((b) => new Uint8Array(b)));
      });
      left.catch(() => {});
      plain.catch(() => {});
      queue.push(plain);
    };
    while (next <= end && queue.length < AHEAD) add();
    while (queue.length) {
      const piece = (await /** @type {Promise<Bytes>} */ (queue.shift())).subarray(skip);
      skip = 0;
      if (next <= end) add();
      const out = piece.subarray(0, length);
      length -= out.length;
      yield out;
    }
    if (length) throw new Damaged();
  }

  /** All of a short stretch. @param {number} offset @param {number} length */
  async function readAll(offset, length) {
    const pieces = [];
    for await (const piece of read(offset, length)) pieces.push(piece);
    return concat(...pieces);
  }

  // The last chunk tells that nothing was cut off.
  for await (const piece of chunksOf(chunks - 1, chunks - 1, 0, size % CHUNK)) void piece;
  if (m.letter.offset !== m.message) throw new Damaged();
  /** @type {Portal.Letter} */
  const letter = JSON.parse(text(await readAll(m.letter.offset, m.letter.length)));
  return { manifest: m, letter, read };
}
