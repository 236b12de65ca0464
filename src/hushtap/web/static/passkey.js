// Passkeys: asks the server what to ask the device, and sends the device's answer as a form.
const token = document.querySelector("meta[name=form-token]").content;

async function options(url, fields) {
  const answer = await fetch(url, {
    method: "POST",
    headers: { "x-form-token": token },
    body: new URLSearchParams(fields),
  });
  if (!answer.ok) throw new Error(await answer.text());
  return answer.json();
}

function wire(form, ask) {
  const problem = form.querySelector("[role=alert]");
  if (!window.PublicKeyCredential?.parseRequestOptionsFromJSON) return;
  form.hidden = false;
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    problem.hidden = true;
    try {
      const credential = await ask(form);
      form.elements.credential.value = JSON.stringify(credential.toJSON());
      if (form.elements.password) form.elements.password.value = "";
      form.submit();
    } catch (error) {
      problem.textContent =
        error instanceof DOMException ? "The device gave no passkey: try again." : error.message;
      problem.hidden = false;
    }
  });
}

for (const form of document.querySelectorAll("form[data-passkey=add]")) {
  wire(form, async () => {
    const asked = await options("/account/passkeys/options", {
      password: form.elements.password.value,
    });
    const publicKey = PublicKeyCredential.parseCreationOptionsFromJSON(asked);
    return navigator.credentials.create({ publicKey });
  });
}

for (const form of document.querySelectorAll("form[data-passkey=enter]")) {
  wire(form, async () => {
    const asked = await options("/sign-in/passkey/options", {});
    const publicKey = PublicKeyCredential.parseRequestOptionsFromJSON(asked);
    return navigator.credentials.get({ publicKey });
  });
}
