// For clients whose errors carry the OAuth code and the answer itself.
export function told(error) {
  const response = error instanceof Response ? error : (error.response ?? error.cause);
  return {
    code: error.error ?? null,
    status: response?.status ?? null,
    retryAfter: response?.headers?.get("retry-after") ?? null,
  };
}
