// Shows what is new as it happens: asks for a version number, and fetches the page again when it grew.
(() => {
  "use strict";
  let version = null;
  const editing = () => {
    const at = document.activeElement;
    return at && at.closest("form.oordeel") !== null;
  };
  const refresh = async () => {
    const answer = await fetch(location.href, { headers: { Accept: "text/html" } });
    if (!answer.ok) return;
    const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
    for (const id of ["kop", "lijst", "nu", "detail"]) {
      const old = document.getElementById(id), now = fresh.getElementById(id);
      if (!old || !now || old.innerHTML === now.innerHTML) continue;
      const open = [...old.querySelectorAll("details[data-sleutel]")].map((d) => [d.dataset.sleutel, d.open]);
      const top = old.scrollTop;
      old.replaceWith(now);
      for (const [key, state] of open) {
        const again = now.querySelector(`details[data-sleutel="${CSS.escape(key)}"]`);
        if (again) again.open = state;
      }
      now.scrollTop = top;
    }
    document.title = fresh.title;
  };
  const look = async () => {
    try {
      const answer = await fetch("/api/version");
      const found = (await answer.json()).version;
      document.body.dataset.lijn = "open";
      if (version !== null && found !== version && !editing()) await refresh();
      if (!editing()) version = found;
    } catch {
      document.body.dataset.lijn = "dicht";
    }
    setTimeout(look, 700);
  };
  document.addEventListener("click", (event) => {
    const button = event.target.closest("button[data-kopieer]");
    if (!button) return;
    const source = document.getElementById(button.dataset.kopieer);
    navigator.clipboard.writeText(source.textContent).then(() => {
      button.textContent = "Gekopieerd";
    });
  });
  look();
})();
