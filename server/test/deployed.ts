/** What a deployed server must be given, each of it another value. */
export const deployedKeys = {
  SECRET_KEY: 's'.repeat(40),
  ENCRYPTION_KEY: 'e'.repeat(40),
  SERVICE_ROLE_KEY: 'k'.repeat(40),
}
