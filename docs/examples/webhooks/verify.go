// Receives Florin's webhooks and verifies them, with nothing but Go's standard library.
//
//	WEBHOOK_TOKEN=… WEBHOOK_SECRET=whsec_… WEBHOOK_PUBLIC_KEY=whpk_… go run verify.go
package main

import (
	"crypto/ed25519"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"fmt"
	"io"
	"log"
	"net/http"
	"os"
	"strconv"
	"strings"
	"time"
)

const (
	tolerance    = 5 * time.Minute
	maxBodyBytes = 1 << 20
)

var (
	token     = []byte(setting("WEBHOOK_TOKEN"))
	secret    = decoded("WEBHOOK_SECRET", "whsec_")
	publicKey = ed25519.PublicKey(decoded("WEBHOOK_PUBLIC_KEY", "whpk_"))
)

func setting(name string) string {
	value := os.Getenv(name)
	if value == "" {
		log.Fatalf("%s is not set", name)
	}
	return value
}

func decoded(name, prefix string) []byte {
	bytes, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(setting(name), prefix))
	if err != nil || len(bytes) != 32 {
		log.Fatalf("%s is not %s and 32 bytes in base64", name, prefix)
	}
	return bytes
}

// isGenuine reports whether Florin sent this body within the last minutes. Pass the raw bytes, before any JSON parser.
func isGenuine(headers http.Header, body []byte) bool {
	if subtle.ConstantTimeCompare([]byte(headers.Get("Authorization")), token) != 1 {
		return false
	}

	id, timestamp := headers.Get("webhook-id"), headers.Get("webhook-timestamp")
	seconds, err := strconv.ParseInt(timestamp, 10, 64)
	if id == "" || err != nil {
		return false
	}
	if age := time.Since(time.Unix(seconds, 0)); age > tolerance || age < -tolerance {
		return false
	}

	// The header holds several signatures, more of them while a secret is rotated; one that verifies is enough.
	content := append([]byte(id+"."+timestamp+"."), body...)
	mac := hmac.New(sha256.New, secret)
	mac.Write(content)
	expected := mac.Sum(nil)
	for _, signature := range strings.Split(headers.Get("webhook-signature"), " ") {
		version, text, _ := strings.Cut(signature, ",")
		bytes, err := base64.StdEncoding.DecodeString(text)
		if err != nil {
			continue
		}
		if version == "v1" && hmac.Equal(bytes, expected) {
			return true
		}
		if version == "v1a" && ed25519.Verify(publicKey, content, bytes) {
			return true
		}
	}
	return false
}

func receive(response http.ResponseWriter, request *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(response, request.Body, maxBodyBytes))
	if err != nil {
		response.WriteHeader(http.StatusRequestEntityTooLarge)
		return
	}
	if request.Method != http.MethodPost || !isGenuine(request.Header, body) {
		response.WriteHeader(http.StatusUnauthorized)
		return
	}
	// Store the event before you answer, with webhook-id as a unique key. If you have it already, do nothing.
	// Parse it with json.Decoder and UseNumber: amounts must not become a float64.
	fmt.Println(request.URL.Path, request.Header.Get("webhook-id"), string(body))
	response.WriteHeader(http.StatusNoContent)
}

func main() {
	http.HandleFunc("/", receive)
	http.HandleFunc("/webhook/health", func(http.ResponseWriter, *http.Request) {})
	port := os.Getenv("PORT")
	if port == "" {
		port = "3000"
	}
	log.Fatal(http.ListenAndServe("127.0.0.1:"+port, nil))
}
