// Dark or light: the system's choice until the reader makes another one, which is remembered.

type Choice = "system" | "light" | "dark";
const KEY = "atoll.theme";

function remembered(): Choice {
  const kept = localStorage.getItem(KEY);
  return kept === "light" || kept === "dark" ? kept : "system";
}

class Theme {
  choice = $state<Choice>(remembered());
  system = $state(matchMedia("(prefers-color-scheme: dark)").matches);
  isDark = $derived(this.choice === "system" ? this.system : this.choice === "dark");

  constructor() {
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", (event) => {
      this.system = event.matches;
    });
    this.show();
  }

  turn(): void {
    this.choice = this.isDark ? "light" : "dark";
    localStorage.setItem(KEY, this.choice);
    this.show();
  }

  private show(): void {
    if (this.choice === "system") delete document.documentElement.dataset["theme"];
    else document.documentElement.dataset["theme"] = this.choice;
  }
}

export const theme = new Theme();

class Motion {
  isReduced = $state(matchMedia("(prefers-reduced-motion: reduce)").matches);
  isOn = $state(localStorage.getItem("atoll.traffic") !== "off");

  constructor() {
    matchMedia("(prefers-reduced-motion: reduce)").addEventListener("change", (event) => {
      this.isReduced = event.matches;
    });
  }

  turn(): void {
    this.isOn = !this.isOn;
    localStorage.setItem("atoll.traffic", this.isOn ? "on" : "off");
  }
}

export const motion = new Motion();
