// Bouncy Castle as a peer of the sealing tests: one request a line on standard
// input, fields apart by tabs; one reply a line, `ok` or `error` and its text.
// It ends with its input. Files are paths; `-` stands for none.

import java.io.BufferedReader;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.io.StringReader;
import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.PrivateKey;
import java.security.SecureRandom;
import java.security.Security;
import java.security.cert.CertPathValidator;
import java.security.cert.PKIXParameters;
import java.security.cert.TrustAnchor;
import java.security.cert.X509Certificate;
import java.security.interfaces.ECPublicKey;
import java.security.spec.MGF1ParameterSpec;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Date;
import java.util.Iterator;
import java.util.List;
import java.util.Set;
import javax.crypto.spec.OAEPParameterSpec;
import javax.crypto.spec.PSource;

import org.bouncycastle.asn1.ASN1ObjectIdentifier;
import org.bouncycastle.asn1.cms.CMSObjectIdentifiers;
import org.bouncycastle.asn1.cms.ContentInfo;
import org.bouncycastle.asn1.x509.AlgorithmIdentifier;
import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.bcpg.ArmoredOutputStream;
import org.bouncycastle.bcpg.HashAlgorithmTags;
import org.bouncycastle.bcpg.SymmetricKeyAlgorithmTags;
import org.bouncycastle.cert.X509CertificateHolder;
import org.bouncycastle.cert.jcajce.JcaX509CertificateConverter;
import org.bouncycastle.cms.*;
import org.bouncycastle.cms.jcajce.*;
import org.bouncycastle.jce.provider.BouncyCastleProvider;
import org.bouncycastle.openpgp.*;
import org.bouncycastle.openpgp.jcajce.JcaPGPObjectFactory;
import org.bouncycastle.openpgp.operator.jcajce.*;
import org.bouncycastle.openssl.PEMParser;
import org.bouncycastle.openssl.jcajce.JcaPEMKeyConverter;
import org.bouncycastle.asn1.pkcs.PrivateKeyInfo;
import org.bouncycastle.operator.jcajce.JcaAlgorithmParametersConverter;
import org.bouncycastle.operator.jcajce.JcaContentSignerBuilder;
import org.bouncycastle.operator.jcajce.JcaDigestCalculatorProviderBuilder;
import org.bouncycastle.util.Store;

public final class BcMail {
    private static final String BC = "BC";
    private static final JcaX509CertificateConverter CERTIFICATES =
        new JcaX509CertificateConverter().setProvider(BC);

    private BcMail() {
    }

    public static void main(String[] arguments) throws Exception {
        Security.addProvider(new BouncyCastleProvider());
        BufferedReader requests =
            new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        System.out.println("ok\t" + Security.getProvider(BC).getVersionStr());
        for (String line = requests.readLine(); line != null; line = requests.readLine()) {
            String reply;
            try {
                reply = "ok\t" + answer(line.split("\t"));
            } catch (Exception problem) {
                reply = "error\t" + problem;
            }
            System.out.println(reply.replace('\n', ' ').replace('\r', ' '));
        }
    }

    private static String answer(String[] f) throws Exception {
        switch (f[0]) {
            case "encrypt":
                return encrypt(f[1], f[2], f[3], f[4], f[5]);
            case "decrypt":
                return decrypt(f[1], f[2], f[3]);
            case "sign":
                return sign(f[1], f[2], f[3], f[4], f[5], f[6]);
            case "verify":
                return verify(f[1], f[2], f[3], f[4], f[5]);
            case "pgp-encrypt":
                return pgpEncrypt(f[1], f[2], f[3], f[4], f[5]);
            case "pgp-decrypt":
                return pgpDecrypt(f[1], f[2], f[3], f[4], f[5]);
            case "pgp-sign":
                return pgpSign(f[1], f[2], f[3], f[4]);
            case "pgp-verify":
                return pgpVerify(f[1], f[2], f[3]);
            default:
                throw new IllegalArgumentException("no request " + f[0]);
        }
    }

    // --- CMS ---------------------------------------------------------------

    /** `cbc` or `gcm`; `oaep`, `pkcs1` or `ecdh`; certificate; content; DER. */
    private static String encrypt(
        String cipher, String transport, String certificate, String in, String out)
        throws Exception {
        X509Certificate recipient = certificate(certificate);
        RecipientInfoGenerator to;
        switch (transport) {
            case "oaep": {
                AlgorithmIdentifier oaep = new JcaAlgorithmParametersConverter()
                    .getAlgorithmIdentifier(
                        org.bouncycastle.asn1.pkcs.PKCSObjectIdentifiers.id_RSAES_OAEP,
                        new OAEPParameterSpec(
                            "SHA-256", "MGF1", MGF1ParameterSpec.SHA256,
                            PSource.PSpecified.DEFAULT));
                to = new JceKeyTransRecipientInfoGenerator(recipient, oaep).setProvider(BC);
                break;
            }
            case "pkcs1":
                to = new JceKeyTransRecipientInfoGenerator(recipient).setProvider(BC);
                break;
            case "ecdh": {
                KeyPairGenerator pairs = KeyPairGenerator.getInstance("EC", BC);
                pairs.initialize(((ECPublicKey) recipient.getPublicKey()).getParams());
                KeyPair own = pairs.generateKeyPair();
                to = new JceKeyAgreeRecipientInfoGenerator(
                        CMSAlgorithm.ECDH_SHA256KDF, own.getPrivate(), own.getPublic(),
                        CMSAlgorithm.AES256_WRAP)
                    .addRecipient(recipient)
                    .setProvider(BC);
                break;
            }
            default:
                throw new IllegalArgumentException("no key transport " + transport);
        }
        CMSTypedData content = new CMSProcessableByteArray(read(in));
        byte[] made;
        if (cipher.equals("gcm")) {
            CMSAuthEnvelopedDataGenerator generator = new CMSAuthEnvelopedDataGenerator();
            generator.addRecipientInfoGenerator(to);
            made = generator.generate(
                content,
                (org.bouncycastle.operator.OutputAEADEncryptor)
                    new JceCMSContentEncryptorBuilder(CMSAlgorithm.AES256_GCM)
                        .setProvider(BC).build())
                .getEncoded();
        } else {
            CMSEnvelopedDataGenerator generator = new CMSEnvelopedDataGenerator();
            generator.addRecipientInfoGenerator(to);
            made = generator.generate(
                content,
                new JceCMSContentEncryptorBuilder(CMSAlgorithm.AES256_CBC)
                    .setProvider(BC).build())
                .getEncoded();
        }
        write(out, made);
        return cipher;
    }

    /** Private key; DER; content. Says whether the content was authenticated. */
    private static String decrypt(String key, String in, String out) throws Exception {
        PrivateKey own = privateKey(key);
        byte[] cms = read(in);
        ASN1ObjectIdentifier type = ContentInfo.getInstance(cms).getContentType();
        boolean authenticated = CMSObjectIdentifiers.authEnvelopedData.equals(type);
        Collection<RecipientInformation> recipients = authenticated
            ? new CMSAuthEnvelopedData(cms).getRecipientInfos().getRecipients()
            : new CMSEnvelopedData(cms).getRecipientInfos().getRecipients();
        boolean elliptic = own.getAlgorithm().startsWith("EC");
        Exception last = new IllegalArgumentException("no recipient of this kind of key");
        for (RecipientInformation recipient : recipients) {
            if (elliptic != recipient instanceof KeyAgreeRecipientInformation) {
                continue;
            }
            Recipient with;
            if (elliptic) {
                if (authenticated) {
                    // Debian's 1.72 has no JceKeyAgreeAuthEnvelopedRecipient.
                    throw new UnsupportedOperationException("ECDH of AuthEnvelopedData");
                }
                with = new JceKeyAgreeEnvelopedRecipient(own).setProvider(BC);
            } else {
                with = authenticated
                    ? new JceKeyTransAuthEnvelopedRecipient(own).setProvider(BC)
                    : new JceKeyTransEnvelopedRecipient(own).setProvider(BC);
            }
            try {
                write(out, recipient.getContent(with));
                return authenticated ? "authenticated" : "enveloped";
            } catch (Exception problem) {
                // Perhaps another recipient is the one whom the key belongs to.
                last = problem;
            }
        }
        throw last;
    }

    /** `rsa`, `pss` or `ecdsa`; `opaque` or `detached`; key; certificate; content; DER. */
    private static String sign(
        String scheme, String mode, String key, String certificate, String in, String out)
        throws Exception {
        String algorithm = switch (scheme) {
            case "rsa" -> "SHA256withRSA";
            case "pss" -> "SHA256withRSAandMGF1";
            case "ecdsa" -> "SHA256withECDSA";
            default -> throw new IllegalArgumentException("no signature " + scheme);
        };
        X509Certificate signer = certificate(certificate);
        CMSSignedDataGenerator generator = new CMSSignedDataGenerator();
        generator.addSignerInfoGenerator(
            new JcaSignerInfoGeneratorBuilder(
                    new JcaDigestCalculatorProviderBuilder().setProvider(BC).build())
                .build(
                    new JcaContentSignerBuilder(algorithm).setProvider(BC)
                        .build(privateKey(key)),
                    signer));
        generator.addCertificate(new X509CertificateHolder(signer.getEncoded()));
        CMSTypedData content = new CMSProcessableByteArray(read(in));
        write(out, generator.generate(content, mode.equals("opaque")).getEncoded());
        return algorithm;
    }

    /** Root; sender's address; DER; detached content or `-`; the content that was signed. */
    private static String verify(
        String root, String address, String in, String detached, String out) throws Exception {
        CMSSignedData signed = detached.equals("-")
            ? new CMSSignedData(read(in))
            : new CMSSignedData(new CMSProcessableByteArray(read(detached)), read(in));
        Store<X509CertificateHolder> certificates = signed.getCertificates();
        Collection<SignerInformation> signers = signed.getSignerInfos().getSigners();
        if (signers.isEmpty()) {
            throw new CMSException("nobody signed");
        }
        for (SignerInformation signer : signers) {
            X509CertificateHolder holder =
                (X509CertificateHolder) certificates.getMatches(signer.getSID()).iterator().next();
            if (!signer.verify(
                new JcaSimpleSignerInfoVerifierBuilder().setProvider(BC).build(holder))) {
                throw new CMSException("the signature is wrong");
            }
            X509Certificate certificate = CERTIFICATES.getCertificate(holder);
            trusted(certificate, certificate(root));
            if (!names(certificate, address)) {
                throw new CMSException("the certificate does not name the sender");
            }
        }
        if (detached.equals("-")) {
            ByteArrayOutputStream content = new ByteArrayOutputStream();
            signed.getSignedContent().write(content);
            write(out, content.toByteArray());
        }
        return "valid";
    }

    private static void trusted(X509Certificate certificate, X509Certificate root)
        throws Exception {
        PKIXParameters rules = new PKIXParameters(Set.of(new TrustAnchor(root, null)));
        rules.setRevocationEnabled(false);
        CertPathValidator.getInstance("PKIX", BC).validate(
            java.security.cert.CertificateFactory.getInstance("X.509", BC)
                .generateCertPath(List.of(certificate)),
            rules);
    }

    private static boolean names(X509Certificate certificate, String address) throws Exception {
        Collection<List<?>> names = certificate.getSubjectAlternativeNames();
        return names != null
            && names.stream().anyMatch(name -> name.get(0).equals(1) && name.get(1).equals(address));
    }

    // --- OpenPGP -----------------------------------------------------------

    /** Recipient's certificate; sender's secret key or `-`; passphrase; content; armoured message. */
    private static String pgpEncrypt(
        String to, String from, String passphrase, String in, String out) throws Exception {
        byte[] content = read(in);
        ByteArrayOutputStream made = new ByteArrayOutputStream();
        PGPEncryptedDataGenerator encryption = new PGPEncryptedDataGenerator(
            new JcePGPDataEncryptorBuilder(SymmetricKeyAlgorithmTags.AES_256)
                .setWithIntegrityPacket(true).setProvider(BC)
                .setSecureRandom(new SecureRandom()));
        encryption.addMethod(
            new JcePublicKeyKeyEncryptionMethodGenerator(encryptionKey(to)).setProvider(BC));
        try (OutputStream armour = new ArmoredOutputStream(made);
             OutputStream plain = encryption.open(armour, new byte[1 << 12])) {
            PGPSignatureGenerator signature = null;
            if (!from.equals("-")) {
                signature = signer(from, passphrase);
                signature.generateOnePassVersion(false).encode(plain);
            }
            try (OutputStream literal = new PGPLiteralDataGenerator().open(
                plain, PGPLiteralData.BINARY, "", content.length, new Date())) {
                literal.write(content);
            }
            if (signature != null) {
                signature.update(content);
                signature.generate().encode(plain);
            }
        }
        write(out, made.toByteArray());
        return "made";
    }

    /** Recipient's secret key; passphrase; sender's certificate; message; content. */
    private static String pgpDecrypt(
        String key, String passphrase, String sender, String in, String out) throws Exception {
        PGPSecretKeyRingCollection secrets = secrets(key);
        PGPEncryptedDataList list = (PGPEncryptedDataList) first(in, PGPEncryptedDataList.class);
        PGPPublicKeyEncryptedData mine = null;
        PGPSecretKey secret = null;
        for (Iterator<PGPEncryptedData> each = list.getEncryptedDataObjects(); each.hasNext();) {
            PGPEncryptedData data = each.next();
            if (data instanceof PGPPublicKeyEncryptedData) {
                PGPSecretKey found =
                    secrets.getSecretKey(((PGPPublicKeyEncryptedData) data).getKeyID());
                if (found != null) {
                    mine = (PGPPublicKeyEncryptedData) data;
                    secret = found;
                }
            }
        }
        if (mine == null) {
            throw new PGPException("not for this key");
        }
        InputStream clear = mine.getDataStream(
            new JcePublicKeyDataDecryptorFactoryBuilder().setProvider(BC)
                .build(unlock(secret, passphrase)));
        PGPObjectFactory packets = new JcaPGPObjectFactory(clear);
        Object packet = packets.nextObject();
        if (packet instanceof PGPCompressedData) {
            packets = new JcaPGPObjectFactory(((PGPCompressedData) packet).getDataStream());
            packet = packets.nextObject();
        }
        PGPOnePassSignature header = null;
        if (packet instanceof PGPOnePassSignatureList) {
            header = ((PGPOnePassSignatureList) packet).get(0);
            packet = packets.nextObject();
        }
        byte[] content = ((PGPLiteralData) packet).getInputStream().readAllBytes();
        String verdict = "unsigned";
        if (header != null) {
            header.init(
                new JcaPGPContentVerifierBuilderProvider().setProvider(BC),
                publicKey(sender, header.getKeyID()));
            header.update(content);
            PGPSignatureList signatures = (PGPSignatureList) packets.nextObject();
            if (!header.verify(signatures.get(0))) {
                throw new PGPException("the signature is wrong");
            }
            verdict = "valid";
        }
        // The check of the modification detection code needs the end of it.
        while (clear.read() >= 0) {
        }
        if (!mine.isIntegrityProtected() || !mine.verify()) {
            throw new PGPException("the message was changed");
        }
        write(out, content);
        return verdict;
    }

    /** Secret key; passphrase; content; armoured signature. */
    private static String pgpSign(String key, String passphrase, String in, String out)
        throws Exception {
        PGPSignatureGenerator signature = signer(key, passphrase);
        signature.update(read(in));
        ByteArrayOutputStream made = new ByteArrayOutputStream();
        try (OutputStream armour = new ArmoredOutputStream(made)) {
            signature.generate().encode(armour);
        }
        write(out, made.toByteArray());
        return "SHA256";
    }

    /** Certificate; armoured signature; content. */
    private static String pgpVerify(String key, String signature, String in) throws Exception {
        PGPSignature made =
            ((PGPSignatureList) first(signature, PGPSignatureList.class)).get(0);
        made.init(
            new JcaPGPContentVerifierBuilderProvider().setProvider(BC),
            publicKey(key, made.getKeyID()));
        made.update(read(in));
        if (!made.verify()) {
            throw new PGPException("the signature is wrong");
        }
        return "valid";
    }

    private static Object first(String file, Class<?> kind) throws Exception {
        PGPObjectFactory packets = new JcaPGPObjectFactory(
            PGPUtil.getDecoderStream(new ByteArrayInputStream(read(file))));
        for (Object packet = packets.nextObject(); packet != null; packet = packets.nextObject()) {
            if (kind.isInstance(packet)) {
                return packet;
            }
        }
        throw new PGPException("no " + kind.getSimpleName());
    }

    private static PGPSignatureGenerator signer(String key, String passphrase) throws Exception {
        for (PGPSecretKeyRing ring : secrets(key)) {
            for (PGPSecretKey secret : ring) {
                if (secret.isSigningKey()) {
                    PGPSignatureGenerator made = new PGPSignatureGenerator(
                        new JcaPGPContentSignerBuilder(
                            secret.getPublicKey().getAlgorithm(), HashAlgorithmTags.SHA256)
                            .setProvider(BC));
                    made.init(PGPSignature.BINARY_DOCUMENT, unlock(secret, passphrase));
                    PGPSignatureSubpacketGenerator hashed = new PGPSignatureSubpacketGenerator();
                    hashed.setIssuerFingerprint(false, secret.getPublicKey());
                    hashed.setSignatureCreationTime(false, new Date());
                    made.setHashedSubpackets(hashed.generate());
                    return made;
                }
            }
        }
        throw new PGPException("no key that signs");
    }

    private static PGPPrivateKey unlock(PGPSecretKey key, String passphrase) throws Exception {
        return key.extractPrivateKey(
            new JcePBESecretKeyDecryptorBuilder().setProvider(BC)
                .build(passphrase.toCharArray()));
    }

    private static PGPSecretKeyRingCollection secrets(String file) throws Exception {
        return new PGPSecretKeyRingCollection(
            PGPUtil.getDecoderStream(new ByteArrayInputStream(read(file))),
            new JcaKeyFingerprintCalculator());
    }

    private static PGPPublicKeyRingCollection publics(String file) throws Exception {
        return new PGPPublicKeyRingCollection(
            PGPUtil.getDecoderStream(new ByteArrayInputStream(read(file))),
            new JcaKeyFingerprintCalculator());
    }

    private static PGPPublicKey publicKey(String file, long id) throws Exception {
        PGPPublicKey key = publics(file).getPublicKey(id);
        if (key == null) {
            throw new PGPException("the key of the signature is not there");
        }
        return key;
    }

    /** The last key that can encrypt: the primary keys here only sign. */
    private static PGPPublicKey encryptionKey(String file) throws Exception {
        PGPPublicKey found = null;
        for (PGPPublicKeyRing ring : publics(file)) {
            for (PGPPublicKey key : ring) {
                if (key.isEncryptionKey() && !key.isMasterKey()) {
                    found = key;
                }
            }
        }
        if (found == null) {
            throw new PGPException("no key that encrypts");
        }
        return found;
    }

    // --- Files -------------------------------------------------------------

    private static byte[] read(String path) throws Exception {
        return Files.readAllBytes(Path.of(path));
    }

    private static void write(String path, byte[] bytes) throws Exception {
        Files.write(Path.of(path), bytes);
    }

    private static Object pem(String path) throws Exception {
        try (PEMParser parser = new PEMParser(new StringReader(
            new String(read(path), StandardCharsets.US_ASCII)))) {
            return parser.readObject();
        }
    }

    private static X509Certificate certificate(String path) throws Exception {
        return CERTIFICATES.getCertificate((X509CertificateHolder) pem(path));
    }

    private static PrivateKey privateKey(String path) throws Exception {
        return new JcaPEMKeyConverter().setProvider(BC).getPrivateKey((PrivateKeyInfo) pem(path));
    }
}
