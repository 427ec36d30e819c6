import path from 'node:path';
import { Validator } from '@seriousme/openapi-schema-validator';
import { expect, test } from 'vitest';
import { API_ROUTES } from '../../src/http/api/app.ts';
import { openApiDocument } from '../../src/http/api/openapi.ts';

const document = openApiDocument(API_ROUTES, '0.1.0');

test('docs/openapi.json is what is served (vitest -u writes it)', async () => {
  await expect(`${JSON.stringify(document, null, 2)}\n`).toMatchFileSnapshot(path.resolve(import.meta.dirname, '../../docs/openapi.json'));
});

test('it is valid OpenAPI 3.1, and every reference leads somewhere', async () => {
  const validator = new Validator();
  const result = await validator.validate(structuredClone(document) as Record<string, unknown>);
  expect(result).toEqual({ valid: true });
  expect(validator.version).toBe('3.1');
  const { components } = document as { components: { schemas: Record<string, unknown> } };
  const references = [...JSON.stringify(document).matchAll(/"\$ref":"#\/components\/schemas\/([^"]+)"/g)].map(([, name]) => name);
  expect(references.length).toBeGreaterThan(10);
  expect(references.filter((name) => !(String(name) in components.schemas))).toEqual([]);
  expect(JSON.stringify(document)).not.toContain('#/$defs');
});

test('a document that is not one is told apart', async () => {
  const broken = { ...document, paths: { intents: {} } };
  expect((await new Validator().validate(structuredClone(broken) as Record<string, unknown>)).valid).toBe(false);
});

test('every operation has an id and a summary of its own', () => {
  expect(new Set(API_ROUTES.map(({ operationId }) => operationId)).size).toBe(API_ROUTES.length);
  expect(new Set(API_ROUTES.map(({ summary }) => summary)).size).toBe(API_ROUTES.length);
});
