// The derivations of the escrow: WebCrypto only.
import { concat, put, utf8 } from './bytes.js';

const subtle = crypto.subtle;
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
  return new Uint8Array(await subtle.decrypt(how, key, wrapped.subarray(12)));
}
