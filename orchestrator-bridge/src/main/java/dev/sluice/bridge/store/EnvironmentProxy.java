package dev.sluice.bridge.store;

import java.io.IOException;
import java.net.Authenticator;
import java.net.InetSocketAddress;
import java.net.PasswordAuthentication;
import java.net.Proxy;
import java.net.ProxySelector;
import java.net.SocketAddress;
import java.net.URI;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/// The proxies that `HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY` and `NO_PROXY` name, in upper or
/// lower case. Immutable.
public final class EnvironmentProxy extends ProxySelector {
    private final Map<String, Optional<URI>> proxies;
    private final List<String> direct;

    private EnvironmentProxy(Map<String, Optional<URI>> proxies, List<String> direct) {
        this.proxies = proxies;
        this.direct = direct;
    }

    static EnvironmentProxy of(Map<String, String> environment) {
        return new EnvironmentProxy(
                Map.of("https", proxy(environment, "HTTPS_PROXY"),
                        "http", proxy(environment, "HTTP_PROXY")),
                List.of(value(environment, "NO_PROXY").toLowerCase(Locale.ROOT)
                        .strip().split("[,\\s]+")));
    }

    private static String value(Map<String, String> environment, String name) {
        String lower = environment.getOrDefault(name.toLowerCase(Locale.ROOT), "");
        return (lower.isEmpty() ? environment.getOrDefault(name, "") : lower).strip();
    }

    private static Optional<URI> proxy(Map<String, String> environment, String name) {
        String own = value(environment, name);
        String text = own.isEmpty() ? value(environment, "ALL_PROXY") : own;
        if (text.isEmpty()) {
            return Optional.empty();
        }
        try {
            URI uri = URI.create(text.contains("://") ? text : "http://" + text);
            if (uri.getHost() != null && "http".equals(uri.getScheme())) {
                return Optional.of(uri);
            }
        } catch (IllegalArgumentException e) {
            throw wrong(name);
        }
        throw wrong(name);
    }

    /// The value is not shown: it may hold a password.
    private static PullException wrong(String name) {
        return new PullException(name + " is no address such as http://proxy:3128");
    }

    @Override
    public List<Proxy> select(URI uri) {
        Optional<URI> proxy = proxies.getOrDefault(uri.getScheme(), Optional.empty());
        if (proxy.isEmpty() || isDirect(uri.getHost().toLowerCase(Locale.ROOT), uri.getPort())) {
            return List.of(Proxy.NO_PROXY);
        }
        int port = proxy.get().getPort() < 0 ? 80 : proxy.get().getPort();
        return List.of(new Proxy(Proxy.Type.HTTP,
                new InetSocketAddress(proxy.get().getHost(), port)));
    }

    private boolean isDirect(String host, int port) {
        for (String each : direct) {
            String name = each.replaceFirst("^\\*?\\.", "");
            boolean hit = each.equals("*") || !name.isEmpty() && (host.equals(name)
                    || host.endsWith("." + name) || (host + ":" + port).equals(name));
            if (hit) {
                return true;
            }
        }
        return false;
    }

    /// The failure reaches the caller by itself.
    @Override
    public void connectFailed(URI uri, SocketAddress address, IOException reason) { }

    /// The name and password of the proxies' addresses.
    Optional<Authenticator> authenticator() {
        for (Optional<URI> proxy : proxies.values()) {
            String user = proxy.map(URI::getUserInfo).orElse("");
            int colon = user.indexOf(':');
            if (colon > 0) {
                var login = new PasswordAuthentication(
                        user.substring(0, colon), user.substring(colon + 1).toCharArray());
                return Optional.of(new Authenticator() {
                    @Override
                    protected PasswordAuthentication getPasswordAuthentication() {
                        // Java's API has it that null is "none".
                        return getRequestorType() == RequestorType.PROXY ? login
                                : super.getPasswordAuthentication();
                    }
                });
            }
        }
        return Optional.empty();
    }
}
