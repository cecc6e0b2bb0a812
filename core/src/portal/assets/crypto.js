// Bytes, keys and the sealed format: WebCrypto only.
const { subtle } = crypto;

/** @param {string} s */
export const utf8 = (s) => new TextEncoder().encode(s);

/** @param {Bytes} b */
export const text = (b) => new TextDecoder().decode(b);

/** @param {...Bytes} parts */
export function concat(...parts) {
  const out = new Uint8Array(parts.reduce((n, p) => n + p.length, 0));
  let at = 0;
  for (const p of parts) {
    out.set(p, at);
    at += p.length;
  }
  return out;
}

/** @param {ArrayBuffer[]} all */
export const join = (all) => concat(...all.map((b) => new Uint8Array(b)));

/** Big-endian. @param {number} n @param {number} size */
export function uint(n, size) {
  const out = new Uint8Array(size);
  for (let i = size - 1; i >= 0; i--, n = Math.floor(n / 256)) out[i] = n % 256;
  return out;
}

/** Length-prefixed. @param {Bytes} b */
export const put = (b) => concat(uint(b.length, 8), b);

/** @param {string} s */
export const fromHex = (s) => Uint8Array.from(s.match(/../g) || [], (x) => parseInt(x, 16));

/** @param {Bytes} b */
export const toHex = (b) => Array.from(b, (x) => x.toString(16).padStart(2, '0')).join('');

/** @param {string} s */
export const fromBase64url = (s) =>
  Uint8Array.from(atob(s.replace(/-/g, '+').replace(/_/g, '/')), (c) => c.charCodeAt(0));

/** @param {Bytes | ArrayBuffer} b */
export const toBase64url = (b) =>
  btoa(Array.from(new Uint8Array(b), (x) => String.fromCharCode(x)).join(''))
    .replace(/\+/g, '-')
    .replace(/\//g, '_')
    .replace(/=/g, '');

/** @param {number} n */
export const random = (n) => crypto.getRandomValues(new Uint8Array(n));

/** What does not count in a code that a person types or pastes. */
export const FILLER = /[\s\u00ad\u200b-\u2015\u202a-\u202e\u2060-\u2069\u2212\ufeff.,;<>()"'-]/g;

const DIGITS = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';

/**
 * Crockford's base32 as a person types it or a gateway mangles it: any case,
 * O for 0, I and L for 1; blanks, hyphens and invisible characters do not count.
 * @param {string} typed
 */
export function fromBase32(typed) {
  const digits = typed
    .replace(/%([0-9a-f]{2})/gi, (_, x) => String.fromCharCode(parseInt(x, 16)))
    .replace(/=\r?\n/g, '')
    .replace(FILLER, '')
    .toUpperCase()
    .replace(/O/g, '0')
    .replace(/[IL]/g, '1');
  const out = [];
  let bits = 0;
  let value = 0;
  for (const c of digits) {
    const d = DIGITS.indexOf(c);
    if (d < 0) return null;
    value = ((value << 5) | d) & 0xfff;
    bits += 5;
    if (bits >= 8) {
      bits -= 8;
      out.push((value >> bits) & 255);
    }
  }
  return digits.length * 5 === out.length * 8 ? Uint8Array.from(out) : null;
}

// The derivations of the escrow.

const ESCROW = 'mailseal/1/escrow/';

/** HKDF-SHA-512 to 32 bytes. @param {Bytes} ikm @param {Bytes} salt @param {string} info */
async function derive(ikm, salt, info) {
  const key = await subtle.importKey('raw', ikm, 'HKDF', false, ['deriveBits']);
  const how = { name: 'HKDF', hash: 'SHA-512', salt, info: utf8(info) };
  return new Uint8Array(await subtle.deriveBits(how, key, 256));
}

/** @param {string} hash @param {Bytes} key @param {Bytes} data */
export async function hmac(hash, key, data) {
  const k = await subtle.importKey('raw', key, { name: 'HMAC', hash }, false, ['sign']);
  return new Uint8Array(await subtle.sign('HMAC', k, data));
}

/** What shows the server that we hold L. @param {Bytes} l @param {Bytes} grant @param {Bytes} nonce */
export async function challengeMac(l, grant, nonce) {
  const a = await derive(l, grant, ESCROW + 'auth');
  return hmac('SHA-256', a, concat(utf8('mailseal/1/portal/challenge'), grant, nonce));
}

/** F. @param {string} passphrase @param {Bytes} salt @param {number} iterations */
export async function stretch(passphrase, salt, iterations) {
  const typed = utf8(passphrase.normalize('NFC'));
  const key = await subtle.importKey('raw', typed, 'PBKDF2', false, ['deriveBits']);
  const how = { name: 'PBKDF2', hash: 'SHA-256', salt, iterations };
  return new Uint8Array(await subtle.deriveBits(how, key, 256));
}

/** What shows the server that we hold F. @param {Bytes} l @param {Bytes} f @param {Bytes} grant */
export const passphraseProof = (l, f, grant) =>
  derive(concat(put(l), put(f)), grant, ESCROW + 'passphrase proof');

/**
 * The message's key out of the three shares.
 * @param {{s: Bytes, l: Bytes, f: Bytes | null, grant: Bytes, item: Bytes, wrapped: Bytes}} from
 */
export async function openDek({ s, l, f, grant, item, wrapped }) {
  const ikm = concat(put(s), put(l), put(f || new Uint8Array(0)));
  const kek = await derive(ikm, grant, ESCROW + 'kek');
  const key = await subtle.importKey('raw', kek, 'AES-GCM', false, ['decrypt']);
  const how = { name: 'AES-GCM', iv: wrapped.subarray(0, 12), additionalData: item };
  return new Uint8Array(await subtle.decrypt(how, key, wrapped.subarray(12)).catch(damaged));
}

// C2SP chunked encryption, Cobblestone-256: salt (24), commitment (32), then
// chunks of 16 KiB with a tag each; the last is always shorter.

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
  const aes = await subtle.importKey('raw', okm.subarray(0, 32), 'AES-GCM', false, ['encrypt', 'decrypt']);
  // One object for all chunks: WebCrypto copies what it is given at once.
  const how = { name: 'AES-GCM', iv: okm.slice(32, 44) };
  const view = new DataView(how.iv.buffer);
  const [high, low] = [view.getUint32(4), view.getUint32(8)];
  /** @param {number} n */
  const at = (n) => {
    view.setUint32(4, high ^ (n / 2 ** 32));
    view.setUint32(8, low ^ n);
    return how;
  };
  return { aes, at, commitment: okm.subarray(44, 76) };
}

/** A ciphertext is cut, changed, or of another message. */
export class Damaged extends Error {}
export const damaged = () => Promise.reject(new Damaged());

/**
 * Opens chunks by their number, in any order.
 * @param {Bytes} key @param {Bytes} context @param {Bytes} header
 */
export async function opener(key, context, header) {
  if (header.length !== HEADER) throw new Damaged();
  const { aes, at, commitment } = await schedule(key, header.subarray(0, 24), context);
  let differ = 0;
  commitment.forEach((b, i) => (differ |= b ^ header[24 + i]));
  if (differ) throw new Damaged();
  /** @param {number} n @param {Bytes} sealed */
  return (n, sealed) => subtle.decrypt(at(n), aes, sealed);
}

/** Opens a whole ciphertext. @param {Bytes} key @param {Bytes} context @param {Bytes} sealed */
export async function openAll(key, context, sealed) {
  const open = await opener(key, context, sealed.subarray(0, HEADER));
  const chunks = [];
  let n = 0;
  for (let from = HEADER; from <= sealed.length; from += SEALED) chunks.push(open(n++, sealed.subarray(from, from + SEALED)));
  return join(await Promise.all(chunks).catch(damaged));
}

/**
 * Seals pieces of any size.
 * @param {Bytes} key @param {Bytes} context @param {AsyncIterable<Bytes>} plain
 * @param {Bytes} [salt]
 * @returns {AsyncGenerator<Bytes>}
 */
export async function* seal(key, context, plain, salt = random(24)) {
  const { aes, at, commitment } = await schedule(key, salt, context);
  yield concat(salt, commitment);
  let rest = new Uint8Array(0);
  let n = 0;
  for await (const piece of plain) {
    const all = concat(rest, piece);
    const whole = all.length - (all.length % CHUNK);
    const batch = [];
    for (let from = 0; from < whole; from += CHUNK) batch.push(subtle.encrypt(at(n++), aes, all.subarray(from, from + CHUNK)));
    if (whole) yield join(await Promise.all(batch));
    rest = all.slice(whole);
  }
  yield new Uint8Array(await subtle.encrypt(at(n), aes, rest));
}
