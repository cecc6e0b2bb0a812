// Takes up somebody's keys, their partners' certificates, and the root.
// Arguments: what to take up. Run with Thunderbird's privileges by Marionette.
const { MailServices } = ChromeUtils.importESModule("resource:///modules/MailServices.sys.mjs");
const { EnigmailCore } = ChromeUtils.importESModule("chrome://openpgp/content/modules/core.sys.mjs");
const { EnigmailKeyRing } = ChromeUtils.importESModule("chrome://openpgp/content/modules/keyRing.sys.mjs");
const { RNP } = ChromeUtils.importESModule("chrome://openpgp/content/modules/RNP.sys.mjs");
const { PgpSqliteDb2 } = ChromeUtils.importESModule("chrome://openpgp/content/modules/sqliteDb.sys.mjs");
const { MailUtils } = ChromeUtils.importESModule("resource:///modules/MailUtils.sys.mjs");
const { setTimeout } = ChromeUtils.importESModule("resource://gre/modules/Timer.sys.mjs");
const [job, done] = arguments;

async function setUp() {
  const certificates = Cc["@mozilla.org/security/x509certdb;1"].getService(Ci.nsIX509CertDB);
  certificates.addCertFromBase64(job.root, "C,C,");
  for (const path of job.bundles) {
    const file = Cc["@mozilla.org/file/local;1"].createInstance(Ci.nsIFile);
    file.initWithPath(path);
    const code = certificates.importPKCS12File(file, job.passphrase);
    if (code) {
      throw new Error(`${path}: PKCS#12 error ${code}`);
    }
  }
  for (const der of job.partners) {
    certificates.addCertFromBase64(der, ",,");
  }

  await EnigmailCore.init();
  const keys = {};
  for (const [name, key] of job.secretKeys) {
    const result = await RNP.importSecKeyBlockImpl(null, () => job.passphrase, false, key);
    if (result.exitCode || result.importedKeys.length != 1) {
      throw new Error(`${name}: ${result.errorMsg || "no secret key"}`);
    }
    // What the import gives is a key id, and the list of keys is kept.
    EnigmailKeyRing.clearCache();
    const fingerprint = EnigmailKeyRing.getKeyById(result.importedKeys[0]).fpr;
    await PgpSqliteDb2.acceptAsPersonalKey(fingerprint);
    keys[name] = fingerprint;
  }
  for (const [name, key] of job.publicKeys) {
    const result = await RNP.importPubkeyBlockAutoAcceptImpl(null, key, "verified");
    if (result.exitCode || result.importedKeys.length != 1) {
      throw new Error(`${name}: ${result.errorMsg || "no key"}`);
    }
  }

  try {
    MailServices.accounts.localFoldersServer;
  } catch (absent) {
    MailServices.accounts.createLocalMailAccount();
  }
  const root = MailServices.accounts.localFoldersServer.rootFolder;
  root.createSubfolder("Tried", null);
  const folder = root.getChildNamed("Tried").QueryInterface(Ci.nsIMsgLocalMailFolder);
  const first = folder.addMessage(
    "From: a@harbor.example\r\nSubject: first\r\nContent-Type: text/plain\r\n\r\nfirst\r\n"
  );
  const window = MailUtils.openMessageInNewWindow(first);
  for (let tries = 0; !window.messageBrowser?.contentWindow?.msgLoaded; tries++) {
    if (tries == 400) {
      throw new Error("the message window shows nothing");
    }
    await new Promise(go => setTimeout(go, 50));
  }
  return { version: Services.appinfo.version, keys };
}

setUp().then(value => done({ value }), error => done({ error: `${error} ${error.stack}` }));
