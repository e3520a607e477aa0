package dev.sluice.bridge.responses;

import dev.sluice.bridge.api.ApiException;
import dev.sluice.bridge.chat.Functions;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// From items to the messages that chat templates read. What an assistant thought, said and
/// called in one turn are several items, and one message:
///
///     reasoning, message, function_call, function_call  ->  one assistant message
///     function_call_output                              ->  one tool message
final class Conversation {
    private final List<Map<String, Object>> messages = new ArrayList<>();
    private final Map<String, String> callNames = new LinkedHashMap<>();
    /// The assistant's message that items are still added to; empty where there is none.
    private Map<String, Object> turn = new LinkedHashMap<>();

    private Conversation() { }

    /// @param instructions come first; an empty text for none
    static List<Map<String, Object>> messages(
            String instructions, List<Map<String, Object>> items) {
        var conversation = new Conversation();
        if (!instructions.isEmpty()) {
            conversation.say("system", instructions);
        }
        items.forEach(conversation::add);
        conversation.endTurn();
        return conversation.messages;
    }

    private void add(Map<String, Object> item) {
        switch ((String) item.get("type")) {
            case "reasoning" -> {
                String text = text((List<?>) item.get("content"));
                if (!text.isEmpty()) {
                    startTurn("reasoning_content");
                    turn.put("reasoning_content", text);
                }
            }
            case "function_call" -> call(item);
            case "function_call_output" -> output(item);
            case "message" -> {
                String text = text((List<?>) item.get("content"));
                if (item.get("role").equals("assistant")) {
                    startTurn("content");
                    turn.put("content", text);
                } else {
                    say(item.get("role").equals("developer") ? "system"
                            : (String) item.get("role"), text);
                }
            }
            case String other -> throw new IllegalStateException("an item of type " + other);
        }
    }

    /// A message of somebody else. What stands before the first question is one instruction:
    /// templates know one system message.
    private void say(String role, String text) {
        endTurn();
        boolean more = role.equals("system") && messages.size() == 1
                && messages.getFirst().get("role").equals("system");
        if (more) {
            messages.getFirst().merge("content", text, (first, next) -> first + "\n\n" + next);
            return;
        }
        var message = new LinkedHashMap<String, Object>();
        message.put("role", role);
        message.put("content", text);
        messages.add(message);
    }

    private void call(Map<String, Object> item) {
        startTurn("calls");
        String callId = (String) item.get("call_id");
        callNames.put(callId, (String) item.get("name"));
        var calls = new ArrayList<Object>();
        if (turn.get("tool_calls") instanceof List<?> before) {
            calls.addAll(before);
        }
        calls.add(Functions.call(
                callId, (String) item.get("name"), item.get("arguments")));
        turn.put("tool_calls", calls);
    }

    private void output(Map<String, Object> item) {
        String callId = (String) item.get("call_id");
        String name = callNames.get(callId);
        if (name == null) {
            throw ApiException.invalid("input",
                    "input: there is no function call with call_id '" + callId + "'");
        }
        endTurn();
        var message = new LinkedHashMap<String, Object>();
        message.put("role", "tool");
        message.put("tool_call_id", callId);
        message.put("name", name);
        message.put("content", item.get("output") instanceof String text ? text
                : text((List<?>) item.get("output")));
        messages.add(message);
    }

    /// A turn goes on where the next part can still stand behind the ones that it has.
    ///
    /// @param part `reasoning_content`, `content` or `calls`
    private void startTurn(String part) {
        boolean goesOn = switch (part) {
            case "reasoning_content" -> turn.isEmpty();
            case "content" -> !turn.containsKey("content") && !turn.containsKey("tool_calls");
            default -> true;
        };
        if (!goesOn) {
            endTurn();
        }
        turn.put("role", "assistant");
    }

    private void endTurn() {
        if (!turn.isEmpty()) {
            turn.putIfAbsent("content", "");
            messages.add(turn);
            turn = new LinkedHashMap<>();
        }
    }

    private static String text(List<?> parts) {
        var text = new StringBuilder();
        for (Object part : parts) {
            Map<?, ?> fields = (Map<?, ?>) part;
            text.append(fields.get(fields.get("type").equals("refusal") ? "refusal" : "text"));
        }
        return text.toString();
    }
}
