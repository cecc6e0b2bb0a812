#!/bin/sh
# Makes the files of this folder anew (OpenSSL 3.0). The passphrase of all is
# "correct horse", where the name does not say otherwise.
# Usage: sh make.sh, in this folder.
set -eu
P="-passout pass:correct horse"
work=$(mktemp -d)
cat >"$work/c" <<'E'
[req]
distinguished_name=dn
[dn]
[ca]
basicConstraints=critical,CA:true
keyUsage=critical,keyCertSign
[leaf]
subjectAltName=email:pat@harbor.example
keyUsage=critical,digitalSignature,keyEncipherment,keyAgreement
E
make() { # NAME KEYARGS...
	n=$1
	shift
	openssl genpkey -quiet "$@" -out "$work/$n.key"
	openssl req -new -config "$work/c" -key "$work/$n.key" -subj "/C=US/O=Harbor/CN=Pat" -out "$work/$n.csr"
	openssl x509 -req -in "$work/$n.csr" -CA "$work/ca.crt" -CAkey "$work/ca.key" -days 36500 -sha256 -extfile "$work/c" -extensions leaf -out "$n.crt" 2>/dev/null
}
openssl genpkey -quiet -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$work/ca.key"
openssl req -new -x509 -config "$work/c" -extensions ca -key "$work/ca.key" -subj "/C=US/O=Harbor/CN=Root" -days 36500 -out "$work/ca.crt"
cp "$work/ca.crt" ca.crt
make rsa -algorithm RSA -pkeyopt rsa_keygen_bits:2048
make p256 -algorithm EC -pkeyopt ec_paramgen_curve:P-256
make p384 -algorithm EC -pkeyopt ec_paramgen_curve:P-384
make p521 -algorithm EC -pkeyopt ec_paramgen_curve:P-521
make ed25519 -algorithm ED25519
make rsa1024 -algorithm RSA -pkeyopt rsa_keygen_bits:1024

p12() { # OUT KEY ARGS...
	out=$1 key=$2
	shift 2
	openssl pkcs12 -export -inkey "$work/$key.key" -in "$key.crt" -certfile ca.crt -out "$out.p12" -passout "pass:correct horse" "$@"
}
A="-keypbe AES-256-CBC -certpbe AES-256-CBC"
for k in rsa p256 p384 p521 ed25519 rsa1024; do p12 $k $k $A; done
p12 aes128_sha1mac p256 -keypbe AES-128-CBC -certpbe AES-128-CBC -macalg sha1
p12 sha512mac p256 $A -macalg sha512 -iter 10000
p12 clear_certs p256 -keypbe AES-256-CBC -certpbe NONE
p12 no_mac p256 $A -nomac
p12 clear_key p256 -keypbe NONE -certpbe NONE
p12 des3 p256 -keypbe PBE-SHA1-3DES -certpbe PBE-SHA1-3DES
p12 legacy p256 -legacy
p12 mismatch p256 $A
openssl pkcs12 -export -inkey "$work/p256.key" -in p256.crt -out empty.p12 $A -passout pass:
openssl pkcs12 -export -inkey "$work/p256.key" -in p256.crt -out umlaut.p12 $A -passout "pass:sésame 🔑"
openssl pkcs12 -export -nocerts -inkey "$work/p256.key" -out no_certs.p12 $A -passout "pass:correct horse"
openssl pkcs12 -export -nokeys -in p256.crt -out no_key.p12 $A -passout "pass:correct horse"
rm mismatch.p12

p8() { # OUT KEY ARGS...
	out=$1 key=$2
	shift 2
	openssl pkcs8 -topk8 -in "$work/$key.key" -out "$out.p8.pem" -passout "pass:correct horse" "$@"
}
for k in rsa p256 p384 p521 ed25519; do p8 $k $k -v2 aes-256-cbc; done
p8 prf_sha1 p256 -v2 aes-192-cbc -v2prf hmacWithSHA1
p8 prf_sha512 p256 -v2 aes-128-cbc -v2prf hmacWithSHA512
p8 scrypt p256 -scrypt
p8 scrypt_large p256 -scrypt -scrypt_N 2097152 -scrypt_r 8 -scrypt_p 1 || rm -f scrypt_large.p8.pem
p8 des3 p256 -v2 des3
p8 pbe1 p256 -v1 PBE-SHA1-3DES
cp "$work/p256.key" clear.p8.pem
openssl rsa -in "$work/rsa.key" -traditional -out clear.rsa.pem 2>/dev/null
openssl ec -in "$work/p256.key" -out clear.ec.pem 2>/dev/null
openssl ec -in "$work/p256.key" -aes256 -passout "pass:correct horse" -out old.ec.pem 2>/dev/null
rm -rf "$work"
