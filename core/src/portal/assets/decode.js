// Transfer encodings of RFC 2045, as streams.
import { concat } from './crypto.js';

const NONE = new Uint8Array(0);
const TABLE = new Int8Array(256).fill(-1);
[...'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'].forEach((c, i) => (TABLE[c.charCodeAt(0)] = i));

/** Skips what is no digit. @returns {Portal.Decoder} */
function base64() {
  let value = 0;
  let bits = 0;
  return {
    push(pieces) {
      const out = new Uint8Array(pieces.reduce((n, b) => n + b.length, 3));
      let at = 0;
      for (const b of pieces)
        for (let i = 0; i < b.length; ) {
          // Four digits at a time, as long as all are.
          while (!bits && i + 4 <= b.length) {
            const v = (TABLE[b[i]] << 18) | (TABLE[b[i + 1]] << 12) | (TABLE[b[i + 2]] << 6) | TABLE[b[i + 3]];
            if (v < 0) break;
            out[at] = v >> 16;
            out[at + 1] = v >> 8;
            out[at + 2] = v;
            at += 3;
            i += 4;
          }
          const c = b[i++];
          if (c === 61) bits = 0;
          if (!(TABLE[c] >= 0)) continue;
          value = (value << 6) | TABLE[c];
          bits += 6;
          if (bits >= 8) out[at++] = value >> (bits -= 8);
        }
      return out.subarray(0, at);
    },
    end: () => NONE,
  };
}

/** @returns {Portal.Decoder} */
function quotedPrintable() {
  let rest = NONE;
  /** @param {Bytes} b */
  const decode = (b) => {
    const out = new Uint8Array(b.length);
    let at = 0;
    // Blanks before the end of a line do not count.
    let blanks = 0;
    for (let i = 0; i < b.length; i++) {
      const c = b[i];
      if (c === 61) {
        let j = i + 1;
        while (b[j] === 32 || b[j] === 9) j++;
        if (j >= b.length || b[j] === 10 || (b[j] === 13 && b[j + 1] === 10)) {
          i = b[j] === 13 ? j + 1 : j;
          blanks = 0;
          continue;
        }
        const byte = parseInt(String.fromCharCode(b[i + 1], b[i + 2]), 16);
        if (/^[0-9a-f]{2}$/i.test(String.fromCharCode(b[i + 1], b[i + 2]))) {
          out[at++] = byte;
          i += 2;
          blanks = 0;
          continue;
        }
      }
      if (c === 32 || c === 9) blanks++;
      else {
        if (c === 10 || (c === 13 && b[i + 1] === 10)) at -= blanks;
        blanks = 0;
      }
      out[at++] = c;
    }
    return out.subarray(0, at - blanks);
  };
  return {
    push(pieces) {
      const b = concat(rest, ...pieces);
      const cut = b.lastIndexOf(10) + 1;
      rest = b.slice(cut);
      return decode(b.subarray(0, cut));
    },
    end: () => decode(rest),
  };
}

/** @param {Portal.Attachment['encoding']} encoding @returns {Portal.Decoder} */
export function decoder(encoding) {
  if (encoding === 'base64') return base64();
  if (encoding === 'quoted-printable') return quotedPrintable();
  return { push: (pieces) => concat(...pieces), end: () => NONE };
}
