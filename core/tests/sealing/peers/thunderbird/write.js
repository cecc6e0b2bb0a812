// Composes a message as Thunderbird's composer does on "send later", and gives
// it as it lies in the outbox, a character for each octet.
// Arguments: from, to, subject, text, technology, certificate (its common
// name), key (its fingerprint), sign, encrypt.
const { MailServices } = ChromeUtils.importESModule("resource:///modules/MailServices.sys.mjs");
const { EnigmailConstants } = ChromeUtils.importESModule("chrome://openpgp/content/modules/constants.sys.mjs");
const { EnigmailMimeEncrypt } = ChromeUtils.importESModule("chrome://openpgp/content/modules/mimeEncrypt.sys.mjs");
const [job, done] = arguments;

function identityOf(address) {
  const { accounts, outgoingServer } = MailServices;
  const known = accounts.allIdentities.find(identity => identity.email == address);
  if (known) {
    return known;
  }
  let smtp = outgoingServer.defaultServer;
  if (!smtp) {
    smtp = outgoingServer.createServer("smtp");
    smtp.QueryInterface(Ci.nsISmtpServer).hostname = "localhost";
    outgoingServer.defaultServer = smtp;
  }
  const account = accounts.createAccount();
  account.incomingServer = accounts.createIncomingServer(address.split("@")[0], "localhost", "none");
  const identity = accounts.createIdentity();
  identity.email = address;
  identity.smtpServerKey = smtp.key;
  identity.doFcc = false;
  account.addIdentity(identity);
  return identity;
}

async function smime(identity) {
  const certificates = Cc["@mozilla.org/security/x509certdb;1"].getService(Ci.nsIX509CertDB);
  const own = certificates.getCerts().find(found => found.commonName == job.certificate);
  for (const use of ["signing", "encryption"]) {
    identity.setUnicharAttribute(`${use}_cert_name`, own.displayName);
    identity.setCharAttribute(`${use}_cert_dbkey`, own.dbKey);
  }
  const secure = Cc["@mozilla.org/messengercompose/composesecure;1"].createInstance(Ci.nsIMsgComposeSecure);
  secure.signMessage = job.sign;
  secure.requireEncryptMessage = job.encrypt;
  if (job.encrypt) {
    const found = await new Promise(resolve =>
      secure.asyncFindCertByEmailAddr(job.to, {
        QueryInterface: ChromeUtils.generateQI(["nsIDoneFindCertForEmailCallback"]),
        findCertDone: (address, certificate) => resolve(certificate),
      })
    );
    if (!found) {
      throw new Error("there is no certificate of the recipient");
    }
    secure.cacheValidCertForEmail(job.to, found.dbKey);
  }
  return secure;
}

function openpgp(identity) {
  identity.setUnicharAttribute("openpgp_key_id", job.key);
  const secure = EnigmailMimeEncrypt.createMimeEncrypt(null);
  secure.sendFlags =
    EnigmailConstants.SEND_PGP_MIME |
    (job.sign ? EnigmailConstants.SEND_SIGNED : 0) |
    (job.encrypt ? EnigmailConstants.SEND_ENCRYPTED | EnigmailConstants.ENCRYPT_SUBJECT : 0);
  secure.UIFlags = EnigmailConstants.UI_INTERACTIVE | EnigmailConstants.UI_PGP_MIME;
  secure.signMessage = job.sign;
  secure.requireEncryptMessage = job.encrypt;
  secure.senderEmailAddr = `0x${job.key}`;
  secure.recipients = job.to;
  secure.originalSubject = job.subject;
  return secure;
}

async function write() {
  const identity = identityOf(job.from);
  const fields = Cc["@mozilla.org/messengercompose/composefields;1"].createInstance(Ci.nsIMsgCompFields);
  fields.from = job.from;
  fields.to = job.to;
  fields.subject = job.subject;
  fields.forceMsgEncoding = job.sign && !job.encrypt;
  fields.composeSecure = job.technology == "smime" ? await smime(identity) : openpgp(identity);

  const sender = Cc["@mozilla.org/messengercompose/send;1"].createInstance(Ci.nsIMsgSend);
  await new Promise((resolve, reject) => {
    const listener = {
      QueryInterface: ChromeUtils.generateQI(["nsIMsgSendListener", "nsIMsgCopyServiceListener"]),
      onStartSending() {},
      onProgress() {},
      onStatus() {},
      onSendNotPerformed: () => reject(new Error("not performed")),
      onStopSending: (id, status) => status && reject(new Error(`sending: ${status}`)),
      onGetDraftFolderURI() {},
      onTransportSecurityError() {},
      onStartCopy() {},
      onStopCopy: status => (status ? reject(new Error(`copying: ${status}`)) : resolve()),
      setMessageKey() {},
      getMessageId() {},
    };
    sender
      .createAndSendMessage(
        null, identity, "", fields, false, false, Ci.nsIMsgSend.nsMsgQueueForLater, null,
        "text/plain", job.text, null, null, listener, "", "", Ci.nsIMsgCompType.New
      )
      .catch(reject);
  });

  const root = MailServices.accounts.localFoldersServer.rootFolder;
  const outbox = root.getFolderWithFlags(Ci.nsMsgFolderFlags.Queue);
  const last = [...outbox.messages].at(-1);
  const stream = Cc["@mozilla.org/binaryinputstream;1"].createInstance(Ci.nsIBinaryInputStream);
  stream.setInputStream(outbox.getMsgInputStream(last, {}));
  return stream.readBytes(last.messageSize);
}

write().then(value => done({ value }), error => done({ error: `${error} ${error.stack}` }));
