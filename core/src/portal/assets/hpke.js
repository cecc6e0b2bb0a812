// RFC 9180, base mode, one message: DHKEM(P-256, HKDF-SHA256), HKDF-SHA256,
// AES-256-GCM.
import { concat, hmac, uint, utf8 } from './crypto.js';

const { subtle } = crypto;
const NONE = new Uint8Array(0);
const CURVE = { name: 'ECDH', namedCurve: 'P-256' };
const KEM = utf8('KEM\0\x10');
const HPKE = utf8('HPKE\0\x10\0\x01\0\x02');

/** @param {Bytes} suite @param {Bytes} salt @param {string} label @param {Bytes} ikm */
const extract = (suite, salt, label, ikm) =>
  // HMAC pads its key with zeros, and WebCrypto takes no empty one.
  hmac('SHA-256', salt.length ? salt : new Uint8Array(32), concat(utf8('HPKE-v1'), suite, utf8(label), ikm));

/** At most 32 bytes. @param {Bytes} suite @param {Bytes} prk @param {string} label @param {Bytes} info @param {number} n */
const expand = async (suite, prk, label, info, n) =>
  (await hmac('SHA-256', prk, concat(uint(n, 2), utf8('HPKE-v1'), suite, utf8(label), info, Uint8Array.of(1)))).slice(0, n);

/**
 * @param {Bytes} to the recipient's public key: an uncompressed point
 * @param {Bytes} info @param {Bytes} plain
 * @param {Bytes} [aad] @param {CryptoKeyPair} [ephemeral] given by tests only
 */
export async function hpkeSeal(to, info, plain, aad = NONE, ephemeral) {
  // importKey refuses a point that is not on the curve.
  const pk = await subtle.importKey('raw', to, CURVE, false, []);
  const pair = ephemeral || /** @type {CryptoKeyPair} */ (await subtle.generateKey(CURVE, false, ['deriveBits']));
  const dh = new Uint8Array(await subtle.deriveBits({ name: 'ECDH', public: pk }, pair.privateKey, 256));
  const enc = new Uint8Array(await subtle.exportKey('raw', pair.publicKey));
  const eae = await extract(KEM, NONE, 'eae_prk', dh);
  const shared = await expand(KEM, eae, 'shared_secret', concat(enc, to), 32);
  const context = concat(
    Uint8Array.of(0),
    await extract(HPKE, NONE, 'psk_id_hash', NONE),
    await extract(HPKE, NONE, 'info_hash', info)
  );
  const secret = await extract(HPKE, shared, 'secret', NONE);
  const raw = await expand(HPKE, secret, 'key', context, 32);
  const iv = await expand(HPKE, secret, 'base_nonce', context, 12);
  const key = await subtle.importKey('raw', raw, 'AES-GCM', false, ['encrypt']);
  const sealed = await subtle.encrypt({ name: 'AES-GCM', iv, additionalData: aad }, key, plain);
  return { enc, sealed: new Uint8Array(sealed) };
}
