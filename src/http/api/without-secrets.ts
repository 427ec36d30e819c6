const HIDDEN = '(not for viewers)';
const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Where kubectl keeps a copy of the whole object. */
const COPY = 'kubectl.kubernetes.io/last-applied-configuration';

/** The names of what is held, without the values. */
const names = (held: unknown): unknown => (isRecord(held) ? Object.fromEntries(Object.keys(held).map((name) => [name, HIDDEN])) : HIDDEN);

/**
 * A document as somebody may see it who only reads: the names in its Secrets and in what its services are configured with, not their values. What holds no Secret is the same. Which values of a
 * configuration are secret is known by its seller's template alone, so none is shown.
 */
export function withoutSecrets(document: unknown): unknown {
  const shown = withoutSecretData(document);
  if (!isRecord(shown) || !isRecord(shown['spec']) || !Array.isArray(shown['spec']['services'])) return shown;
  const services = shown['spec']['services'].map((service: unknown) =>
    isRecord(service) && 'configuration' in service ? { ...service, configuration: names(service['configuration']) } : service,
  );
  return { ...shown, spec: { ...shown['spec'], services } };
}

function withoutSecretData(document: unknown): unknown {
  if (Array.isArray(document)) return document.map(withoutSecretData);
  if (!isRecord(document)) return document;
  const { kind } = document;
  return Object.fromEntries(
    Object.entries(document).map(([key, value]) => {
      const held = kind === 'Secret' && (key === 'data' || key === 'stringData');
      if (key === COPY) return [key, HIDDEN];
      return [key, held ? names(value) : withoutSecretData(value)];
    }),
  );
}
