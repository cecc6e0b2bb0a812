// Types that the page's modules share. Nothing of this is served.

interface Window {
  mailseal: { started: boolean; take(): string };
}

type Bytes = Uint8Array<ArrayBuffer>;

declare namespace Portal {
  type Child = Node | string | false | null | undefined;
  type Strings = typeof import('../../src/portal/assets/en.js').default;
  type FetchPart = (n: number, from: number, length: number, signal?: AbortSignal) => Promise<Bytes>;

  interface Method {
    id: 'passcode' | 'sms' | 'email' | 'totp' | 'passkey' | 'sso' | 'passphrase';
    target?: string;
    url?: string;
  }

  /** The answer to a challenge. */
  interface Visit {
    reference: string;
    language: string;
    floor: string;
    expires: number;
    methods: Method[];
    passphrase: { salt: string; iterations: number } | null;
    views_left: number | null;
    complete: boolean;
    replies: boolean;
  }

  /** What an error of the server tells besides its word. */
  interface Details {
    seconds?: number;
    tries_left?: number;
    limit?: number;
  }

  interface App {
    /** The address of this grant, without a secret. */
    base: string;
    grant: Bytes;
    /** The link's share, 20 bytes. */
    l: Bytes;
    /** The passphrase's share. */
    f: Bytes | null;
    visit: Visit;
    /** A reply that is being written. */
    draft: Draft;
    post(path: string, body?: object): Promise<any>;
    put(path: string, body: Bytes, signal: AbortSignal): Promise<void>;
    fetchPart: FetchPart;
    /** Tries what may be repeated a few times. */
    again<T>(what: () => Promise<T>, signal?: AbortSignal, busy?: () => void): Promise<T>;
    knock(): Promise<void>;
    next(): Promise<void>;
    fail(e: unknown): void;
    forget(): void;
    logout(): void;
  }

  interface Manifest {
    v: number;
    size: number;
    chunks: number;
    created: number;
    message: number;
    letter: { offset: number; length: number };
    reply: { id: string; key: string } | null;
  }

  interface Attachment {
    name: string;
    type: string;
    size: number;
    offset: number;
    length: number;
    encoding: 'identity' | 'base64' | 'quoted-printable';
  }

  interface Letter {
    subject: string;
    from: string;
    date: number | null;
    text: string | null;
    html: string | null;
    attachments: Attachment[];
  }

  interface Content {
    manifest: Manifest;
    letter: Letter;
    read(offset: number, length: number, signal?: AbortSignal): AsyncGenerator<Bytes[]>;
  }

  interface Decoder {
    push(pieces: Bytes[]): Bytes;
    end(): Bytes;
  }

  interface Saving extends Attachment {
    read: Content['read'];
    app: App;
    signal: AbortSignal;
    progress(done: number): void;
    /** Settles when it is worth a new try. */
    resume(): Promise<void>;
  }

  interface Draft {
    subject: string;
    text: string;
    files: File[];
    /** What was uploaded, and what it says. */
    sent: { id: string; n: number; says: (string | File)[] } | null;
  }

  interface Policy {
    createHTML(s: string): string;
    createScriptURL(s: string): string;
  }
}
