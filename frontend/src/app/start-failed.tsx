/** Shown in place of the shop when its configuration cannot be read: nothing else works then. */
export function StartFailed() {
  return (
    <main className="page page-form" role="alert">
      <title>Tarnside</title>
      <h1>The shop is closed for a moment</h1>
      <p>We cannot reach the shop. Please check your connection, or come back in a few minutes.</p>
      <button type="button" className="button" onClick={() => window.location.reload()}>
        Try again
      </button>
    </main>
  );
}
