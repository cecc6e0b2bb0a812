// C2SP chunked encryption, Cobblestone-256: salt (24), commitment (32), then
// chunks of 16 KiB with a tag each; the last is always shorter.
import { concat, random, utf8 } from './bytes.js';
import { hmac } from './keys.js';

export const CHUNK = 16384;
export const SEALED = CHUNK + 16;
export const HEADER = 56;
const INFO = utf8('c2sp.org/chunked-encryption@v1+AEAD_AES_256_GCM\0');

/** Bytes that a plaintext of this size takes. @param {number} size */
export const sealedSize = (size) => HEADER + size + 16 * (Math.floor(size / CHUNK) + 1);

/** @param {Bytes} key @param {Bytes} salt @param {Bytes} context */
async function schedule(key, salt, context) {
  // HKDF-Expand alone; WebCrypto's HKDF would extract first.
  const info = concat(INFO, salt, context);
  const one = await hmac('SHA-512', key, concat(info, Uint8Array.of(1)));
  const two = await hmac('SHA-512', key, concat(one, info, Uint8Array.of(2)));
  const okm = concat(one, two);
  const aes = await crypto.subtle.importKey('raw', okm.subarray(0, 32), 'AES-GCM', false, ['encrypt', 'decrypt']);
  const base = okm.slice(32, 44);
  /** @param {number} n */
  const how = (n) => {
    const iv = base.slice();
    const view = new DataView(iv.buffer);
    view.setUint32(4, (view.getUint32(4) ^ Math.floor(n / 2 ** 32)) >>> 0);
    view.setUint32(8, (view.getUint32(8) ^ n) >>> 0);
    return { name: 'AES-GCM', iv };
  };
  return { aes, how, commitment: okm.subarray(44, 76) };
}

/** A ciphertext is cut, changed, or of another message. */
export class Damaged extends Error {}

/**
 * Opens chunks by their number, in any order.
 * @param {Bytes} key @param {Bytes} context @param {Bytes} header
 */
export async function opener(key, context, header) {
  if (header.length !== HEADER) throw new Damaged();
  const { aes, how, commitment } = await schedule(key, header.subarray(0, 24), context);
  let differ = 0;
  commitment.forEach((b, i) => (differ |= b ^ header[24 + i]));
  if (differ) throw new Damaged();
  /** @param {number} n @param {Bytes} sealed */
  return (n, sealed) => crypto.subtle.decrypt(how(n), aes, sealed).catch(() => Promise.reject(new Damaged()));
}

/** Opens a whole ciphertext. @param {Bytes} key @param {Bytes} context @param {Bytes} sealed */
export async function openAll(key, context, sealed) {
  const open = await opener(key, context, sealed.subarray(0, HEADER));
  const chunks = [];
  for (let at = HEADER, n = 0; ; at += SEALED, n++) {
    const chunk = sealed.subarray(at, at + SEALED);
    chunks.push(open(n, chunk));
    if (chunk.length < SEALED) break;
  }
  return concat(...(await Promise.all(chunks)).map((b) => new Uint8Array(b)));
}

/**
 * Seals pieces of any size.
 * @param {Bytes} key @param {Bytes} context @param {AsyncIterable<Bytes>} plain
 * @param {Bytes} [salt]
 * @returns {AsyncGenerator<Bytes>}
 */
export async function* seal(key, context, plain, salt = random(24)) {
  const { aes, how, commitment } = await schedule(key, salt, context);
  yield concat(salt, commitment);
  let rest = new Uint8Array(0);
  let n = 0;
  for await (const piece of plain) {
    const all = concat(rest, piece);
    const whole = all.length - (all.length % CHUNK);
    const batch = [];
    for (let at = 0; at < whole; at += CHUNK)
      batch.push(crypto.subtle.encrypt(how(n++), aes, all.subarray(at, at + CHUNK)));
    if (whole) yield concat(...(await Promise.all(batch)).map((b) => new Uint8Array(b)));
    rest = all.slice(whole);
  }
  yield new Uint8Array(await crypto.subtle.encrypt(how(n), aes, rest));
}
