package dev.sluice.runtime.toolcall;

import dev.sluice.models.json.Json;
import dev.sluice.runtime.toolcall.CallText.Found;
import dev.sluice.runtime.toolcall.CallText.Progress;
import dev.sluice.runtime.toolcall.ToolFormat.Step;
import java.util.List;

/// One step of one call while it is being read.
interface StepRun {
    /// Consumes what there is. After DONE or FAILED it is not called again.
    Progress run(CallText in, CallSink out);

    static StepRun of(Step step, ToolTypes types) {
        return switch (step) {
            case Step.Literal(String text) -> (in, _) -> in.literal(text);
            case Step.Name name -> (in, out) -> name(name, in, out);
            case Step.QualifiedName(String until) -> (in, out) -> qualified(until, in, out);
            case Step.Arguments() -> new ArgumentsRun();
            case Step.CallObject object -> new CallObjectRun(object);
            case Step.KeyedObject() -> new KeyedObjectRun();
            case Step.Parameters parameters -> new ParametersRun(parameters, types);
            case Step.PythonCall() -> new PythonCallRun();
            case Step.MarkedObject(String quote) -> new MarkedObjectRun(quote);
        };
    }

    private static Progress name(Step.Name step, CallText in, CallSink out) {
        Found end = in.find(step.until());
        if (!end.found()) {
            return in.ended() ? Progress.FAILED : Progress.MORE;
        }
        int start = in.position();
        in.moveTo(end.position());
        String name = in.since(start).strip();
        if (step.consume()) {
            in.moveTo(end.position() + end.marker().length());
        }
        return begin(name, out);
    }

    private static Progress qualified(String until, CallText in, CallSink out) {
        Found end = in.find(List.of(until));
        if (!end.found()) {
            return in.ended() ? Progress.FAILED : Progress.MORE;
        }
        int start = in.position();
        in.moveTo(end.position());
        String id = in.since(start).strip();
        in.moveTo(end.position() + until.length());
        out.id(id);
        int colon = id.lastIndexOf(':');
        String name = colon < 0 ? id : id.substring(0, colon);
        return begin(name.startsWith("functions.") ? name.substring(10) : name, out);
    }

    private static Progress begin(String name, CallSink out) {
        if (name.isEmpty() || name.length() > 256) {
            return Progress.FAILED;
        }
        out.name(name);
        return out.begin() ? Progress.DONE : Progress.FAILED;
    }

    /// A JSON object, passed on as it comes.
    final class ArgumentsRun implements StepRun {
        private final JsonScan scan = new JsonScan();
        private boolean started;

        @Override
        public Progress run(CallText in, CallSink out) {
            if (!started) {
                in.skipSpace();
                if (in.exhausted()) {
                    return in.ended() ? Progress.FAILED : Progress.MORE;
                }
                if (in.peek() != '{') {
                    return Progress.FAILED;
                }
                started = true;
            }
            int start = in.position();
            Progress progress = scan.run(in);
            out.grow(in.since(start));
            return progress;
        }
    }

    /// `{"name": arguments}`
    final class KeyedObjectRun implements StepRun {
        private final JsonScan key = new JsonScan();
        private final ArgumentsRun arguments = new ArgumentsRun();
        private int keyStart = -1;
        private int state;

        @Override
        public Progress run(CallText in, CallSink out) {
            Progress progress = Progress.DONE;
            while (progress == Progress.DONE && state < 5) {
                progress = switch (state) {
                    case 0 -> in.literal("{");
                    case 1 -> key(in, out);
                    case 2 -> in.literal(":");
                    case 3 -> arguments.run(in, out);
                    default -> in.literal("}");
                };
                state += progress == Progress.DONE ? 1 : 0;
            }
            return progress;
        }

        private Progress key(CallText in, CallSink out) {
            if (keyStart < 0) {
                in.skipSpace();
                keyStart = in.position();
            }
            Progress progress = key.run(in);
            if (progress != Progress.DONE) {
                return progress;
            }
            try {
                return Json.parse(in.since(keyStart)) instanceof String name
                        ? begin(name, out) : Progress.FAILED;
            } catch (Json.MalformedJsonException e) {
                return Progress.FAILED;
            }
        }
    }
}
