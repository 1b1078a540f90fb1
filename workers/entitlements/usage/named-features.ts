import type { Repo } from "#db/repo";

/** The id of the feature that a filter names by id or code; undefined where it names none. What there is not finds nothing. */
export async function featureNamed(repo: Pick<Repo, "features">, name: string | undefined): Promise<string | undefined> {
  if (name === undefined) return undefined;
  const found = await repo.features.byNames([name]);
  // an id wins over another feature's code of the same text
  return (found.find(({ id }) => id === name) ?? found[0])?.id ?? name;
}

/** The codes of features by their ids, as they are today. */
export async function codesOf(repo: Pick<Repo, "features">, ids: readonly string[]): Promise<(id: string) => string> {
  const found = ids.length === 0 ? [] : await repo.features.byNames([...new Set(ids)]);
  const codes = new Map(found.map(({ id, code }) => [id, code]));
  return (id) => codes.get(id) ?? id;
}
