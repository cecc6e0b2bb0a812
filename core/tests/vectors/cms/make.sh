#!/bin/sh
# Makes the keys, certificates and messages of this folder. OpenSSL 3.0.
set -eu
ext='-addext keyUsage=critical,digitalSignature,keyEncipherment,keyAgreement -addext extendedKeyUsage=emailProtection'
key() { # name, algorithm options
  name=$1; shift
  openssl genpkey "$@" -outform DER -out "$name.key.tmp"
  openssl pkcs8 -topk8 -nocrypt -inform DER -in "$name.key.tmp" -outform DER -out "$name.pkcs8"
  rm "$name.key.tmp"
  openssl req -x509 -new -key "$name.pkcs8" -keyform DER -days 36500 -sha256 -subj "/CN=$name" \
    $ext -addext "subjectAltName=email:$name@clinic.example" -outform DER -out "$name.der"
  openssl x509 -inform DER -in "$name.der" -out "$name.pem.tmp"
  openssl pkey -inform DER -in "$name.pkcs8" -out "$name.pemkey.tmp"
}
key rsa -algorithm RSA -pkeyopt rsa_keygen_bits:2048
key rsa-other -algorithm RSA -pkeyopt rsa_keygen_bits:2048
key rsa-short -algorithm RSA -pkeyopt rsa_keygen_bits:1024
key p256 -algorithm EC -pkeyopt ec_paramgen_curve:P-256
key p384 -algorithm EC -pkeyopt ec_paramgen_curve:P-384
key p521 -algorithm EC -pkeyopt ec_paramgen_curve:P-521
key ed25519 -algorithm ED25519
rm -f rsa-short.pkcs8

printf 'Content-Type: text/plain\r\n\r\nThe result is ready.\r\n' > content
enc() { # file, options
  out=$1; shift
  openssl cms -encrypt -binary -in content -outform DER -out "$out" "$@"
}
oaep='-keyopt rsa_padding_mode:oaep'
enc enc-rsa-pkcs1-aes256.der -aes256 -recip rsa.pem.tmp
enc enc-rsa-oaep1-aes128.der -aes128 -recip rsa.pem.tmp $oaep
enc enc-rsa-oaep256-aes192.der -aes192 -recip rsa.pem.tmp $oaep -keyopt rsa_oaep_md:sha256
enc enc-rsa-oaep512-keyid.der -aes256 -keyid -recip rsa.pem.tmp $oaep -keyopt rsa_oaep_md:sha512
enc enc-rsa-oaep-mixed.der -aes256 -recip rsa.pem.tmp $oaep -keyopt rsa_oaep_md:sha256 -keyopt rsa_mgf1_md:sha1
enc enc-rsa-gcm256.der -aes-256-gcm -recip rsa.pem.tmp $oaep -keyopt rsa_oaep_md:sha256
enc enc-rsa-gcm128.der -aes-128-gcm -recip rsa.pem.tmp
enc enc-rsa-3des.der -des3 -recip rsa.pem.tmp
enc enc-rsa-stream.der -aes256 -stream -recip rsa.pem.tmp $oaep
enc enc-p256-sha1.der -aes128 -aes128-wrap -recip p256.pem.tmp
enc enc-p256-sha256.der -aes256 -aes256-wrap -recip p256.pem.tmp -keyopt ecdh_kdf_md:sha256
enc enc-p256-gcm256.der -aes-256-gcm -aes256-wrap -recip p256.pem.tmp -keyopt ecdh_kdf_md:sha256
enc enc-p256-cofactor-wrap192.der -aes256 -aes192-wrap -recip p256.pem.tmp -keyopt ecdh_kdf_md:sha256 -keyopt ecdh_cofactor_mode:1
enc enc-p384-sha384.der -aes256 -aes256-wrap -recip p384.pem.tmp -keyopt ecdh_kdf_md:sha384
enc enc-p521-sha512-keyid.der -aes256 -aes256-wrap -keyid -recip p521.pem.tmp -keyopt ecdh_kdf_md:sha512
enc enc-three.der -aes256 -recip rsa-other.pem.tmp -recip p256.pem.tmp -recip rsa.pem.tmp

sig() { # file, key, options
  out=$1; name=$2; shift 2
  openssl cms -sign -binary -in content -outform DER -out "$out" \
    -signer "$name.pem.tmp" -inkey "$name.pemkey.tmp" "$@"
}
sig sig-rsa-detached.der rsa -md sha256
sig sig-rsa-stream.der rsa -md sha512 -nodetach -stream
sig sig-rsa-pss.der rsa -md sha256 -nodetach -keyopt rsa_padding_mode:pss -keyopt rsa_pss_saltlen:32
sig sig-rsa-pss-default.der rsa -md sha256 -nodetach -keyopt rsa_padding_mode:pss
sig sig-rsa-noattr.der rsa -md sha256 -nodetach -noattr
sig sig-rsa-sha1.der rsa -md sha1 -nodetach
sig sig-rsa-short.der rsa-short -md sha256 -nodetach
sig sig-rsa-nocerts.der rsa -md sha256 -nodetach -nocerts
sig sig-rsa-keyid.der rsa -md sha256 -nodetach -keyid -cades
sig sig-p256.der p256 -md sha256 -nodetach
sig sig-p384.der p384 -md sha384 -nodetach
sig sig-p521.der p521 -md sha512 -nodetach
openssl cms -sign -binary -in content -outform DER -out sig-two.der -nodetach -md sha256 \
  -signer rsa.pem.tmp -inkey rsa.pemkey.tmp -signer p256.pem.tmp -inkey p256.pemkey.tmp
openssl crl2pkcs7 -nocrl -certfile rsa.pem.tmp -outform DER -out certs-only.der
rm -f ./*.tmp
