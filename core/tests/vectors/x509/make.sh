#!/bin/sh
# Makes certs.pem and crls.pem anew (OpenSSL 3.0). The keys are thrown away.
# Usage: sh make.sh, in this folder.
set -eu
here=$(pwd)
work=$(mktemp -d)
cd "$work"
: >"$here/certs.pem"
: >"$here/crls.pem"

VALID="20260101000000Z 21260101000000Z"
CA="basicConstraints=critical,CA:true
keyUsage=critical,keyCertSign,cRLSign
subjectKeyIdentifier=hash"
MAIL="subjectAltName=email:pat@harbor.example"

# key NAME ALGORITHM
key() {
	case $2 in
	p256) openssl genpkey -quiet -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$1.key" ;;
	p384) openssl genpkey -quiet -algorithm EC -pkeyopt ec_paramgen_curve:P-384 -out "$1.key" ;;
	ed25519) openssl genpkey -quiet -algorithm ED25519 -out "$1.key" ;;
	rsa*) openssl genpkey -quiet -algorithm RSA -pkeyopt rsa_keygen_bits:"${2#rsa}" -out "$1.key" ;;
	esac
}

# cert NAME SUBJECT ISSUER EXTENSIONS [START END] [MD] [SIGOPT]
# ISSUER is a name, or "self". The key is made if it is not there.
cert() {
	name=$1 subject=$2 issuer=$3 ext=$4 start=${5:-20260101000000Z} end=${6:-21260101000000Z} md=${7:-sha256} opt=${8:-}
	[ -f "$name.key" ] || key "$name" p256
	openssl req -new -utf8 -config req.cnf -key "$name.key" -subj "$subject" -out "$name.csr"
	printf '%s\n' "$ext" >"$name.ext"
	rm -f index.txt && : >index.txt
	set -- -batch -utf8 -config ca.cnf -in "$name.csr" -out "$name.crt" -startdate "$start" -enddate "$end" -md "$md" -notext -preserveDN -outdir . -extfile "$name.ext"
	[ -z "$opt" ] || set -- "$@" -sigopt rsa_padding_mode:pss -sigopt rsa_pss_saltlen:digest
	if [ "$issuer" = self ]; then
		set -- "$@" -selfsign -keyfile "$name.key"
	else
		set -- "$@" -cert "$issuer.crt" -keyfile "$issuer.key"
	fi
	openssl ca "$@" 2>log || { cat log; exit 1; }
	{ echo "# $name"; openssl x509 -in "$name.crt"; } >>"$here/certs.pem"
}

# crl NAME ISSUER LASTUPDATE NEXTUPDATE EXTENSIONS ENTRY...
# ENTRY is NAME[,reason].
crl() {
	name=$1 issuer=$2 last=$3 next=$4 ext=$5
	shift 5
	: >index.txt
	for entry in "$@"; do
		serial=$(openssl x509 -in "${entry%%,*}.crt" -noout -serial | cut -d= -f2)
		reason=
		case $entry in *,*) reason=",${entry#*,}" ;; esac
		printf 'R\t21260101000000Z\t260201000000Z%s\t%s\tunknown\t/CN=x\n' "$reason" "$serial" >>index.txt
	done
	{ cat ca.cnf; printf '[crlext]\n%s\n' "$ext"; } >crl.cnf
	openssl ca -gencrl -config crl.cnf -crlexts crlext -cert "$issuer.crt" -keyfile "$issuer.key" -md sha256 \
		-crl_lastupdate "$last" -crl_nextupdate "$next" -out "$name.crl" 2>log || { cat log; exit 1; }
	{ echo "# $name"; cat "$name.crl"; } >>"$here/crls.pem"
}

cat >req.cnf <<'E'
[req]
distinguished_name=dn
string_mask=utf8only
[dn]
E
cat >ca.cnf <<'E'
[ca]
default_ca=d
[d]
database=index.txt
new_certs_dir=.
default_md=sha256
policy=p
unique_subject=no
rand_serial=yes
email_in_dn=yes
crlnumber=crlnumber
default_crl_days=30
[p]
countryName=optional
organizationName=optional
organizationalUnitName=optional
commonName=optional
emailAddress=optional
E
echo 01 >crlnumber
N=/C=US/O=Harbor

# Authorities.
cert root "$N/CN=Root" self "$CA"
cert root2 "$N/CN=Root 2" self "$CA"
cert root_old "$N/CN=Old Root" self "$CA" 20100101000000Z 20200101000000Z
cert root_v1 "$N/CN=V1 Root" self ""
cert inter "$N/CN=Inter" root "$CA
authorityKeyIdentifier=keyid"
cert inter_expired "$N/CN=Expired" root "$CA" 20200101000000Z 20210101000000Z
cert inter_len0 "$N/CN=Len 0" root "basicConstraints=critical,CA:true,pathlen:0
keyUsage=critical,keyCertSign"
cert inter_below "$N/CN=Below" inter_len0 "$CA"
cert inter_no_ca "$N/CN=No CA" root "basicConstraints=critical,CA:false
keyUsage=critical,keyCertSign"
cert inter_no_basic "$N/CN=No Basic" root "keyUsage=critical,keyCertSign"
cert inter_no_sign "$N/CN=No Sign" root "basicConstraints=critical,CA:true
keyUsage=critical,digitalSignature"
cert inter_permit "$N/CN=Permit" root "$CA
nameConstraints=critical,permitted;email:harbor.example,permitted;email:.north.example"
cert inter_exclude "$N/CN=Exclude" root "$CA
nameConstraints=critical,excluded;email:pat@harbor.example,excluded;email:south.example"
cert inter_dir "$N/CN=Dir" root "$CA
nameConstraints=critical,permitted;dirName:harbordir
[harbordir]
C=US
O=harbor"
cert inter_uri "$N/CN=Uri" root "$CA
nameConstraints=critical,permitted;URI:harbor.example"
cert inter_dns "$N/CN=Dns" root "$CA
nameConstraints=critical,excluded;DNS:harbor.example"
cert inter_sha1 "$N/CN=Sha1" root "$CA" $VALID sha1
cert inter_critical "$N/CN=Critical" root "$CA
1.3.6.1.4.1.55555.1=critical,DER:0500"
cert inter_tls "$N/CN=Tls" root "$CA
extendedKeyUsage=serverAuth"
cert inter_policy "$N/CN=Policy" root "$CA
policyConstraints=critical,requireExplicitPolicy:0"
cert inter_no_crl "$N/CN=No Crl" root "basicConstraints=critical,CA:true
keyUsage=critical,keyCertSign"
# The same name and key under another root.
cp inter.key inter_cross.key
cert inter_cross "$N/CN=Inter" root2 "$CA"
# The same name with another key.
cert root_twin "$N/CN=Root" self "$CA"
# Two that certify each other.
cert loop_a "$N/CN=Loop A" self "$CA"
cert loop_b "$N/CN=Loop B" loop_a "$CA"
cp loop_a.key loop_ab.key
cert loop_ab "$N/CN=Loop A" loop_b "$CA"
# A chain longer than is followed.
cert deep1 "$N/CN=Deep 1" root "$CA"
for i in 2 3 4 5 6 7 8; do cert deep$i "$N/CN=Deep $i" deep$((i - 1)) "$CA"; done
# Other algorithms.
key root_rsa rsa2048
cert root_rsa "$N/CN=Rsa Root" self "$CA"
key root_p384 p384
cert root_p384 "$N/CN=P384 Root" self "$CA" $VALID sha384
key root_ed ed25519
cert root_ed "$N/CN=Ed Root" self "$CA" $VALID default
key root_1024 rsa1024
cert root_1024 "$N/CN=1024 Root" self "$CA"

# End entities, one below each.
P="$N/CN=Pat"
cert leaf_root "$P" root "$MAIL"
cert leaf "$P" inter "$MAIL
basicConstraints=critical,CA:false
keyUsage=critical,digitalSignature,keyAgreement
extendedKeyUsage=emailProtection
authorityKeyIdentifier=keyid
subjectKeyIdentifier=hash"
cert leaf_expired "$P" inter "$MAIL" 20200101000000Z 20210101000000Z
cert leaf_future "$P" inter "$MAIL" 20900101000000Z 21260101000000Z
for i in inter_expired inter_len0 inter_below inter_no_ca inter_no_basic inter_no_sign inter_permit inter_exclude inter_dir inter_uri inter_dns \
	inter_sha1 inter_critical inter_tls inter_policy inter_no_crl root_old root_v1 root_rsa root_p384 loop_b deep6 deep8 root_1024; do
	cert leaf_$i "$P" $i "$MAIL"
done
cert leaf_root_ed "$P" root_ed "$MAIL" $VALID default
cert leaf_root_pss "$P" root_rsa "$MAIL" $VALID sha256 pss
cert leaf_pss_sha1 "$P" root_rsa "$MAIL" $VALID sha1 pss
cert leaf_permit_north "$P" inter_permit "subjectAltName=email:pat@clinic.north.example"
cert leaf_permit_other "$P" inter_permit "subjectAltName=email:pat@south.example"
cert leaf_permit_subject "$P/emailAddress=pat@south.example" inter_permit ""
cert leaf_permit_utf8 "$P" inter_permit "subjectAltName=@san
[san]
otherName=1.3.6.1.5.5.7.8.9;FORMAT:UTF8,UTF8:påt@south.example"
cert leaf_exclude_host "$P" inter_exclude "subjectAltName=email:kim@south.example"
cert leaf_exclude_free "$P" inter_exclude "subjectAltName=email:kim@harbor.example"
cert leaf_dir_other "/C=US/O=Other/CN=Pat" inter_dir "$MAIL"
cert leaf_uri "$P" inter_uri "subjectAltName=email:pat@harbor.example,URI:https://south.example/pat"
cert leaf_dns "$P" inter_dns "subjectAltName=email:pat@harbor.example,DNS:mail.harbor.example"
cert leaf_sign "$P" inter "$MAIL
keyUsage=critical,digitalSignature"
cert leaf_agree "$P" inter "$MAIL
keyUsage=critical,keyAgreement"
cert leaf_tls "$P" inter "$MAIL
extendedKeyUsage=serverAuth"
cert leaf_any "$P" inter "$MAIL
extendedKeyUsage=anyExtendedKeyUsage"
cert leaf_sha1 "$P" inter "$MAIL" $VALID sha1
key leaf_1024 rsa1024
cert leaf_1024 "$P" inter "$MAIL"
key leaf_rsa rsa2048
cert leaf_rsa "$P" inter "$MAIL
keyUsage=critical,digitalSignature,keyEncipherment"
key leaf_rsa_sign rsa2048
cert leaf_rsa_sign "$P" inter "$MAIL
keyUsage=critical,digitalSignature,keyAgreement"
key leaf_ed ed25519
cert leaf_ed "$P" inter "$MAIL"
cert leaf_critical "$P" inter "$MAIL
1.3.6.1.4.1.55555.1=critical,DER:0500"
cert leaf_subject "$P/emailAddress=Pat@Harbor.example" inter ""
cert leaf_both "$P/emailAddress=pat@harbor.example" inter "subjectAltName=email:kim@harbor.example"
cert leaf_utf8 "$P" inter "subjectAltName=@san
[san]
otherName=1.3.6.1.5.5.7.8.9;FORMAT:UTF8,UTF8:påt@harbor.example"
cert leaf_idn "$P" inter "subjectAltName=email:pat@xn--bcher-kva.example"
cert leaf_capabilities "$P" inter "$MAIL
1.2.840.113549.1.9.15=DER:300d300b060960864801650304012e"
cert leaf_self "$P" self "$MAIL"
cert leaf_point "$P" inter "$MAIL
crlDistributionPoints=URI:http://crl.harbor.example/a.crl"

# Revocation lists. "fresh" spans the tests' present of 2026-06-01.
FRESH="20260501000000Z 20260701000000Z"
crl crl_root root $FRESH "authorityKeyIdentifier=keyid"
crl crl_none inter $FRESH "authorityKeyIdentifier=keyid"
crl crl_leaf inter $FRESH "authorityKeyIdentifier=keyid" leaf,keyCompromise leaf_sign
crl crl_hold inter $FRESH "authorityKeyIdentifier=keyid" leaf,certificateHold
crl crl_removed inter $FRESH "authorityKeyIdentifier=keyid" leaf,removeFromCRL
crl crl_stale inter 20260201000000Z 20260301000000Z "authorityKeyIdentifier=keyid"
crl crl_stale_leaf inter 20260201000000Z 20260301000000Z "authorityKeyIdentifier=keyid" leaf,keyCompromise
crl crl_stale_hold inter 20260201000000Z 20260301000000Z "authorityKeyIdentifier=keyid" leaf,certificateHold
crl crl_future inter 20260701000000Z 20260801000000Z "authorityKeyIdentifier=keyid"
crl crl_delta inter $FRESH "2.5.29.27=critical,DER:020101" leaf,keyCompromise
crl crl_delta_plain inter $FRESH "2.5.29.27=DER:020101" leaf,keyCompromise
crl crl_critical inter $FRESH "1.3.6.1.4.1.55555.2=critical,DER:0500"
crl crl_inter root $FRESH "authorityKeyIdentifier=keyid" inter,cACompromise
crl crl_no_sign inter_no_crl $FRESH "authorityKeyIdentifier=keyid"
# Another key signs under the issuer's name.
cert inter_forged "$N/CN=Inter" self "$CA"
crl crl_forged inter_forged $FRESH "authorityKeyIdentifier=keyid" leaf,keyCompromise
idp() { printf 'issuingDistributionPoint=critical,@idp\n[idp]\n%s' "$1"; }
crl crl_user_only inter $FRESH "$(idp onlyuser=TRUE)" leaf,keyCompromise
crl crl_ca_scope inter $FRESH "$(idp onlyCA=TRUE)" leaf,keyCompromise
crl crl_indirect inter $FRESH "$(idp indirectCRL=TRUE)" leaf,keyCompromise
crl crl_point_a inter $FRESH "$(idp fullname=URI:http://crl.harbor.example/a.crl)" leaf_point,keyCompromise leaf,keyCompromise
crl crl_point_b inter $FRESH "$(idp fullname=URI:http://crl.harbor.example/b.crl)" leaf_point,keyCompromise
cd "$here"
rm -rf "$work"
