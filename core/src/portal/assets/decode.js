// Transfer encodings of RFC 2045, as streams.
import { concat } from './crypto.js';

const NONE = new Uint8Array(0);
const TABLE = new Uint8Array(256).fill(255);
[...'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'].forEach(
  (c, i) => (TABLE[c.charCodeAt(0)] = i)
);

/** Skips what is no digit. Keeps bits that make no byte yet. */
function tableDecoder() {
  let value = 0;
  let bits = 0;
  /** @param {Bytes} b */
  return (b) => {
    const out = new Uint8Array((b.length * 3) / 4 + 3);
    let at = 0;
    for (let i = 0; i < b.length; i++) {
      const d = TABLE[b[i]];
      if (d === 255) {
        if (b[i] === 61) bits = 0;
        continue;
      }
      value = (value << 6) | d;
      bits += 6;
      if (bits >= 8) {
        bits -= 8;
        out[at++] = value >> bits;
      }
    }
    return out.subarray(0, at);
  };
}

/** @returns {Portal.Decoder} */
function base64() {
  const table = tableDecoder();
  let native = 'setFromBase64' in Uint8Array.prototype;
  let rest = NONE;
  return {
    push(piece) {
      if (!native) return table(piece);
      const b = concat(rest, piece);
      const out = new Uint8Array((b.length * 3) / 4 + 3);
      try {
        const { read, written } = /** @type {Portal.Native} */ (/** @type {unknown} */ (out)).setFromBase64(
          new TextDecoder('latin1').decode(b),
          { lastChunkHandling: 'stop-before-partial' }
        );
        rest = b.slice(read);
        return out.subarray(0, written);
      } catch (e) {
        // A character that is no digit, which the format allows.
        native = false;
        rest = NONE;
        return table(b);
      }
    },
    end: () => table(rest),
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
    push(piece) {
      const b = concat(rest, piece);
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
  return { push: (b) => b, end: () => NONE };
}
