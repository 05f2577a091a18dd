import {
  ActionIcon,
  AppShell,
  Burger,
  Group,
  Image,
  Menu,
  NavLink,
  Text,
  Tooltip,
  useComputedColorScheme,
  useMantineColorScheme,
} from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import {
  Activity,
  CircleUserRound,
  KeyRound,
  LayoutDashboard,
  LogOut,
  Moon,
  Server,
  Smartphone,
  Sun,
  Wallet,
  type LucideIcon,
} from "lucide-react";
import type { ReactNode } from "react";
import { Link, useLocation } from "wouter";
import { signOut } from "../api/client";
import { useInfo } from "../api/queries";
import { useUser } from "../api/useUser";
import logo from "../logo.svg";
import { ConnectionDot } from "./ConnectionDot";

interface Place {
  href: string;
  label: string;
  icon: LucideIcon;
}

const PLACES: Place[] = [
  { href: "/", label: "Overview", icon: LayoutDashboard },
  { href: "/accounts", label: "Accounts", icon: Smartphone },
  { href: "/wallet", label: "Wallet", icon: Wallet },
  { href: "/events", label: "Events", icon: Activity },
  { href: "/keys", label: "API keys", icon: KeyRound },
  { href: "/system", label: "System", icon: Server },
];

/** The frame around every page: navigation, connection, colour scheme and sign-out. */
export function Shell({ children }: { children: ReactNode }) {
  const [open, { toggle, close }] = useDisclosure(false);
  const user = useUser();
  const places = PLACES.filter((p) => p.href !== "/keys" || user?.role !== "api_user");
  return (
    <AppShell
      header={{ height: 58 }}
      navbar={{ width: 226, breakpoint: "sm", collapsed: { mobile: !open } }}
      padding={{ base: "md", md: "xl" }}
    >
      <AppShell.Header className="bar">
        <Group h="100%" px="md" justify="space-between" wrap="nowrap">
          <Group gap="sm" wrap="nowrap">
            <Burger opened={open} onClick={toggle} hiddenFrom="sm" size="sm" aria-label="Menu" />
            <Image src={logo} w={30} h={30} alt="" />
            <Text fw={700} fz="lg" visibleFrom="xs">
              Zaptor
            </Text>
          </Group>
          <Group gap="xs" wrap="nowrap">
            <ConnectionDot />
            <SchemeToggle />
            <UserMenu />
          </Group>
        </Group>
      </AppShell.Header>
      <AppShell.Navbar className="bar" p="sm">
        <AppShell.Section grow component="nav" aria-label="Pages">
          {places.map((place) => (
            <Entry key={place.href} place={place} onGo={close} />
          ))}
        </AppShell.Section>
        <AppShell.Section>
          <About />
        </AppShell.Section>
      </AppShell.Navbar>
      <AppShell.Main className="main">{children}</AppShell.Main>
    </AppShell>
  );
}

function Entry({ place, onGo }: { place: Place; onGo: () => void }) {
  const [location] = useLocation();
  const here = place.href === "/" ? location === "/" : location.startsWith(place.href);
  const Icon = place.icon;
  return (
    <NavLink
      component={Link}
      href={place.href}
      label={place.label}
      active={here}
      aria-current={here ? "page" : undefined}
      leftSection={<Icon size={18} strokeWidth={1.8} aria-hidden />}
      onClick={onGo}
      fw={here ? 600 : 500}
      mb={2}
      style={{ borderRadius: 8 }}
    />
  );
}

function About() {
  const info = useInfo().data;
  if (info === undefined) return null;
  return (
    <Text fz="xs" c="dimmed" px="sm" py={4}>
      Zaptor {info.version}
      {info.sandbox_url !== null && (
        <>
          {" · "}
          <a href={`${info.sandbox_url}/_/`} target="_blank" rel="noreferrer">
            sandbox phones
          </a>
        </>
      )}
    </Text>
  );
}

function SchemeToggle() {
  const { setColorScheme } = useMantineColorScheme();
  const dark = useComputedColorScheme("light") === "dark";
  const label = dark ? "Light colours" : "Dark colours";
  return (
    <Tooltip label={label}>
      <ActionIcon
        variant="subtle"
        color="gray"
        size="lg"
        aria-label={label}
        onClick={() => setColorScheme(dark ? "light" : "dark")}
      >
        {dark ? <Sun size={18} /> : <Moon size={18} />}
      </ActionIcon>
    </Tooltip>
  );
}

function UserMenu() {
  const user = useUser();
  return (
    <Menu position="bottom-end" width={240} shadow="md">
      <Menu.Target>
        <ActionIcon variant="subtle" color="gray" size="lg" aria-label="Your sign-in" data-testid="user-menu">
          <CircleUserRound size={20} />
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Label>
          {user?.email}
          <br />
          {user?.role}
        </Menu.Label>
        <Menu.Divider />
        <Menu.Item leftSection={<LogOut size={16} />} onClick={() => void signOut()} data-testid="sign-out">
          Sign out
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}
