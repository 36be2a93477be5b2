/** The key of a service that has no gating of its own: its name, which people know, else its id. */
export function keyOfUnlisted(service: { id: string | null; name: string | null }): string {
  return service.name ?? service.id ?? "";
}
