import { createTheme, type MantineColorsTuple } from "@mantine/core";

const zap: MantineColorsTuple = [
  "#ecfaf5",
  "#daf4ea",
  "#a2e3cf",
  "#70d4b6",
  "#48c8a1",
  "#2fc094",
  "#1fa980",
  "#0b7f60",
  "#086a52",
  "#035a46",
];

/** Cool greys for dark surfaces: the page at the end, cards before it. */
const dark: MantineColorsTuple = [
  "#d5dde0",
  "#b3bfc4",
  "#8b9aa1",
  "#5f6f77",
  "#2d393f",
  "#232d32",
  "#171e22",
  "#12181b",
  "#0e1315",
  "#090d0f",
];

const sans = '"Inter", ui-sans-serif, system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", "Noto Sans", Arial, sans-serif';

/** The look of every page. Only fonts that are on the reader's machine: nothing is fetched from elsewhere. */
export const theme = createTheme({
  primaryColor: "zap",
  // White on this shade is readable (4.5 to 1 and more) in both colour schemes.
  primaryShade: 7,
  colors: { zap, dark },
  defaultRadius: "md",
  fontFamily: sans,
  headings: { fontFamily: sans, fontWeight: "650" },
  cursorType: "pointer",
  components: {
    Card: { defaultProps: { withBorder: true, radius: "lg", padding: "lg" } },
    Modal: { defaultProps: { centered: true, radius: "lg", closeButtonProps: { "aria-label": "Close" } } },
    Tooltip: { defaultProps: { withArrow: true, openDelay: 250 } },
    Table: { defaultProps: { verticalSpacing: "sm", horizontalSpacing: "md" } },
  },
});
