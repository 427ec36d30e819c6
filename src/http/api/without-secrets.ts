const HIDDEN = '(not for viewers)';
const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Where kubectl keeps a copy of the whole object. */
const COPY = 'kubectl.kubernetes.io/last-applied-configuration';

/** A document as somebody may see it who only reads: the names in its Secrets, not their values. What holds no Secret is the same. */
export function withoutSecrets(document: unknown): unknown {
  if (Array.isArray(document)) return document.map(withoutSecrets);
  if (!isRecord(document)) return document;
  const { kind } = document;
  return Object.fromEntries(
    Object.entries(document).map(([key, value]) => {
      const held = kind === 'Secret' && (key === 'data' || key === 'stringData');
      if (key === COPY) return [key, HIDDEN];
      return [
        key,
        held ? (isRecord(value) ? Object.fromEntries(Object.keys(value).map((name) => [name, HIDDEN])) : HIDDEN) : withoutSecrets(value),
      ];
    }),
  );
}
