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
    .replace(/[\s\u00ad\u200b-\u200f\u2010-\u2015\u202a-\u202e\u2060-\u2069\u2212\ufeff.,;<>()"'-]/g, '')
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
