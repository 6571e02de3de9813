<?php
// Receives Florin's webhooks and verifies them. PHP 8.0 or newer, with its own sodium extension.
//
//   WEBHOOK_TOKEN=… WEBHOOK_SECRET=whsec_… WEBHOOK_PUBLIC_KEY=whpk_… php -S 127.0.0.1:3000 verify.php
declare(strict_types=1);

const TOLERANCE_SECONDS = 5 * 60;

function setting(string $name): string
{
    $value = getenv($name);
    return is_string($value) && $value !== '' ? $value : throw new RuntimeException("$name is not set");
}

function decoded(string $name, string $prefix): string
{
    $key = base64_decode(substr(setting($name), strlen($prefix)), true);
    return $key !== false && strlen($key) === 32 ? $key : throw new RuntimeException("$name is not 32 bytes");
}

function header_of(string $name): string
{
    return $_SERVER['HTTP_' . strtoupper(strtr($name, '-', '_'))] ?? '';
}

/** Whether Florin sent this body within the last minutes. Pass the raw bytes, before any JSON parser. */
function is_genuine(string $body): bool
{
    if (!hash_equals(setting('WEBHOOK_TOKEN'), header_of('authorization'))) {
        return false;
    }

    $id = header_of('webhook-id');
    $timestamp = header_of('webhook-timestamp');
    if ($id === '' || preg_match('/^[0-9]{1,12}$/D', $timestamp) !== 1) {
        return false;
    }
    if (abs(time() - (int) $timestamp) > TOLERANCE_SECONDS) {
        return false;
    }

    // The header holds several signatures, more of them while a secret is rotated; one that verifies is enough.
    $content = "$id.$timestamp.$body";
    $expected = hash_hmac('sha256', $content, decoded('WEBHOOK_SECRET', 'whsec_'), true);
    $public_key = decoded('WEBHOOK_PUBLIC_KEY', 'whpk_');
    foreach (explode(' ', header_of('webhook-signature')) as $signature) {
        [$version, $text] = explode(',', $signature, 2) + [1 => ''];
        $bytes = base64_decode($text, true);
        if ($bytes === false) {
            continue;
        }
        if ($version === 'v1' && hash_equals($expected, $bytes)) {
            return true;
        }
        if (
            $version === 'v1a' && strlen($bytes) === SODIUM_CRYPTO_SIGN_BYTES
            && sodium_crypto_sign_verify_detached($bytes, $content, $public_key)
        ) {
            return true;
        }
    }
    return false;
}

/** Parses JSON with each number as its text: json_decode alone would make amounts binary floats. */
function parse(string $json): mixed
{
    $tokens = '/"[^"\\\\]*+(?:\\\\.[^"\\\\]*+)*+"(*SKIP)(*FAIL)|-?\d[\d.eE+-]*/';
    return json_decode(preg_replace($tokens, '"$0"', $json), true, 512, JSON_THROW_ON_ERROR);
}

function status(): int
{
    $path = parse_url($_SERVER['REQUEST_URI'], PHP_URL_PATH);
    if ($_SERVER['REQUEST_METHOD'] === 'GET') {
        return $path === '/webhook/health' ? 200 : 404;
    }
    $body = file_get_contents('php://input');
    if (!is_genuine($body)) {
        return 401;
    }
    $event = parse($body);
    // Store the event before you answer, with webhook-id as a unique key. If you have it already, do nothing.
    error_log($path . ' ' . header_of('webhook-id') . ' ' . json_encode($event));
    return 204;
}

http_response_code(status());
