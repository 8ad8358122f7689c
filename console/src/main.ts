import "./app.css";
import { mount } from "svelte";
import App from "./App.svelte";
import { client } from "./lib/client.svelte";
import { followLinks } from "./lib/router.svelte";

followLinks();
void client.start();

const target = document.getElementById("app");
if (target) mount(App, { target });
