// A message's content: any stretch of it, out of the rows in which it is stored.
import { CHUNK, Damaged, HEADER, SEALED, concat, damaged, openAll, opener, sealedSize, text, utf8 } from './crypto.js';

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
   * The plaintext from `offset` on, in order, a row at a time. Every chunk was
   * authenticated with its number before any of it is given out.
   * @type {Portal.Content['read']}
   */
  async function* read(offset, length, signal) {
    if (!(offset >= 0 && length >= 0 && offset + length <= size)) throw new Damaged();
    const first = Math.floor(offset / CHUNK);
    if (length) yield* chunksOf(first, Math.floor((offset + length - 1) / CHUNK), offset - first * CHUNK, length, signal);
  }

  /** @param {number} first @param {number} last @param {number} skip @param {number} length @param {AbortSignal} [signal] */
  async function* chunksOf(first, last, skip, length, signal) {
    const from = HEADER + first * SEALED;
    const to = Math.min(HEADER + (last + 1) * SEALED, total);
    let next = Math.floor(from / PART);
    const end = Math.floor((to - 1) / PART);
    let number = first;
    /** What the row before left of a chunk. @type {Promise<Bytes>} */
    let left = Promise.resolve(new Uint8Array(0));
    /** @type {Promise<ArrayBuffer[]>[]} */
    const queue = [];
    const add = () => {
      const part = next++;
      const a = Math.max(from - part * PART, 0);
      const row = Promise.all([left, fetchPart(part, a, Math.min(to - part * PART, PART) - a, signal)]).then(([l, r]) => {
        const opened = [];
        let at = SEALED - l.length;
        let rest = concat(l, r.subarray(0, at));
        for (; rest.length === SEALED || (rest.length && part === end); at += SEALED) {
          opened.push(open(number++, rest));
          rest = r.subarray(at, at + SEALED);
        }
        return { opened, rest: rest.slice() };
      });
      left = row.then(({ rest }) => rest);
      const plain = row.then(({ opened }) => Promise.all(opened).catch(damaged));
      left.catch(() => {});
      plain.catch(() => {});
      queue.push(plain);
    };
    while (next <= end && queue.length < AHEAD) add();
    while (queue.length) {
      const all = await /** @type {Promise<ArrayBuffer[]>} */ (queue.shift());
      if (next <= end) add();
      const pieces = all.map((b) => {
        const piece = new Uint8Array(b).subarray(skip, skip + length);
        skip = 0;
        length -= piece.length;
        return piece;
      });
      yield pieces;
    }
    if (length) throw new Damaged();
  }

  // The last chunk tells that nothing was cut off.
  for await (const _ of chunksOf(chunks - 1, chunks - 1, 0, size % CHUNK));
  if (m.letter.offset !== m.message) throw new Damaged();
  const all = [];
  for await (const pieces of read(m.letter.offset, m.letter.length)) all.push(concat(...pieces));
  /** @type {Portal.Letter} */
  const letter = JSON.parse(text(concat(...all)));
  return { manifest: m, letter, read };
}
