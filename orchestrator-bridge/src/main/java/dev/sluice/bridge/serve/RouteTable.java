package dev.sluice.bridge.serve;

import dev.sluice.bridge.api.ApiException;
import dev.sluice.bridge.api.ApiException.Kind;
import dev.sluice.bridge.api.Endpoints;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// Finds the handler of a path. Immutable.
final class RouteTable {
    /// @param segments of the path, `{name}` for any
    /// @param owner    whose errors it answers with
    record Route(String method, List<String> segments, Endpoints.Handler handler,
            Endpoints owner) {

        /// As the protocol wrote it: `GET /v1/models/{id}`.
        String pattern() { return method + " " + String.join("/", segments); }

        /// Whether it needs no key.
        boolean isOpen() { return owner.isOpen(pattern()); }

        private boolean covers(List<String> path) {
            if (path.size() != segments.size()) {
                return false;
            }
            for (int i = 0; i < path.size(); i++) {
                if (!isPart(segments.get(i)) && !segments.get(i).equals(path.get(i))) {
                    return false;
                }
            }
            return true;
        }

        Map<String, String> parts(List<String> path) {
            var parts = new LinkedHashMap<String, String>();
            for (int i = 0; i < path.size(); i++) {
                String segment = segments.get(i);
                if (isPart(segment)) {
                    parts.put(segment.substring(1, segment.length() - 1), path.get(i));
                }
            }
            return parts;
        }

        private static boolean isPart(String segment) { return segment.startsWith("{"); }
    }

    private final List<Route> routes = new ArrayList<>();

    /// @param protocols the first to claim a path has it
    RouteTable(List<? extends Endpoints> protocols) {
        for (Endpoints protocol : protocols) {
            protocol.routes().forEach((line, handler) -> {
                int space = line.indexOf(' ');
                routes.add(new Route(line.substring(0, space),
                        segments(line.substring(space + 1)), handler, protocol));
            });
        }
    }

    /// Every route as its protocol wrote it, in order.
    List<String> patterns() {
        return routes.stream().map(Route::pattern).toList();
    }

    static List<String> segments(String path) {
        return List.of(path.split("/", -1));
    }

    /// @throws ApiException if there is no such path, or not for this method
    Route find(String method, String path) {
        List<String> segments = segments(path);
        var others = new ArrayList<String>();
        for (Route route : routes) {
            if (route.covers(segments)) {
                if (route.method.equals(method)) {
                    return route;
                }
                others.add(route.method);
            }
        }
        if (!others.isEmpty()) {
            throw new ApiException(Kind.METHOD, "", "%s takes %s, not %s".formatted(
                    path, String.join(" and ", others), method));
        }
        throw new ApiException(Kind.NOT_FOUND, "", "there is nothing at " + path);
    }
}
