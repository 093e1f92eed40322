/**
 * A caller's `onError` that may be called anywhere: a handler that fails itself has nobody left to tell, and must
 * neither stop the memory nor take the agent down.
 */
export function safeHandler<E>(onError: ((error: E) => void) | undefined): (error: E) => void {
  return (error) => {
    try {
      onError?.(error);
    } catch (thrown) {
      void thrown;
    }
  };
}
