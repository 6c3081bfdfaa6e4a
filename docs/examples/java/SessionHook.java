import java.io.ByteArrayInputStream;
import java.io.FileInputStream;
import java.io.IOException;
import java.io.StringWriter;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.security.KeyStore;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import javax.xml.parsers.DocumentBuilderFactory;
import javax.xml.transform.TransformerFactory;
import javax.xml.transform.dom.DOMSource;
import javax.xml.transform.stream.StreamResult;
import org.apache.ws.security.WSConstants;
import org.apache.ws.security.WSEncryptionPart;
import org.apache.ws.security.WSSConfig;
import org.apache.ws.security.components.crypto.Merlin;
import org.apache.ws.security.message.WSSecHeader;
import org.apache.ws.security.message.WSSecSignature;
import org.apache.ws.security.message.WSSecTimestamp;
import org.w3c.dom.Document;
import org.w3c.dom.Element;
import org.w3c.dom.NodeList;

/**
 * The program that `vsb-conformance serve --hook "java -cp … SessionHook"` calls for each step: sends the one message that is asked,
 * signed with Apache WSS4J 1.6, and sends the very same again when the line breaks. It knows aanvraag and verzekerbaarheid.
 *
 * <p>Exit status 0: sent and answered, 4: this program can not do that step, 1: anything else.
 */
public final class SessionHook {

    private static final String SOAP = "http://schemas.xmlsoap.org/soap/envelope/";
    private static final String COMMON = "urn:vsb-gateway:common:v1";
    private static final Map<String, String> ACTIONS = Map.of("verzekerbaarheid", "Raadplegen", "aanvraag", "Indienen");
    private static final int ATTEMPTS = 6;

    public static void main(String[] args) throws Exception {
        Map<String, String> step = System.getenv();
        String xml = step.getOrDefault("VSB_MESSAGE_XML", "");
        if (step.get("VSB_ACTION").equals("wacht")) {
            System.exit(0);
        }
        if (!step.get("VSB_ACTION").equals("zend") || xml.isEmpty()) {
            System.exit(4);
        }
        Element message = parse(xml.getBytes(StandardCharsets.UTF_8)).getDocumentElement();
        String service = message.getNamespaceURI().split(":")[2];
        if (!ACTIONS.containsKey(service)) {
            System.exit(4);
        }
        Document envelope = envelope(message);
        // The example's head is the cookbook's; number and moment are ours.
        set(envelope, "BerichtId", UUID.randomUUID().toString());
        set(envelope, "Aanmaaktijdstip", step.get("VSB_CLOCK_NOW"));
        sign(envelope, step.get("VSB_CERTIFICATE"), step.get("VSB_PASSWORD"));
        HttpRequest request = HttpRequest.newBuilder(URI.create(step.get("VSB_ENDPOINT") + "/soap/" + service + "/v1"))
                .timeout(Duration.ofSeconds(20))
                .header("Content-Type", "text/xml; charset=utf-8")
                .header("SOAPAction", "\"urn:vsb-gateway:" + service + ":v1:" + ACTIONS.get(service) + "\"")
                .POST(HttpRequest.BodyPublishers.ofString(text(envelope)))
                .build();
        System.exit(send(request) ? 0 : 1);
    }

    /** Sends until there is a SOAP answer: what came back broken, late or not at all is sent again unchanged. */
    private static boolean send(HttpRequest request) throws Exception {
        HttpClient client = HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
        for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
            long pause = 200;
            try {
                HttpResponse<byte[]> response = client.send(request, HttpResponse.BodyHandlers.ofByteArray());
                pause = response.headers().firstValue("Retry-After").map(Long::parseLong).orElse(0L) * 1000 + pause;
                Document answer = parse(response.body());
                if (answer.getElementsByTagNameNS(SOAP, "Fault").getLength() == 0) {
                    // The last line of output tells the suite what we made of the answer.
                    NodeList outcome = answer.getElementsByTagNameNS("*", "Uitkomst");
                    String status = outcome.getLength() == 0 ? "" : outcome.item(0).getTextContent();
                    System.out.println("{\"status\": \"" + status + "\"}");
                    return response.statusCode() == 200;
                }
                if (!"true".equals(answer.getElementsByTagName("Retry").item(0).getTextContent())) {
                    return false;
                }
            } catch (IOException | org.xml.sax.SAXException broken) {
                System.err.println(broken);
            }
            Thread.sleep(pause);
        }
        return false;
    }

    private static Document envelope(Element message) throws Exception {
        Document document = parse(("<soap:Envelope xmlns:soap='" + SOAP + "'><soap:Body/></soap:Envelope>").getBytes());
        document.getDocumentElement().getFirstChild().appendChild(document.importNode(message, true));
        return document;
    }

    private static void set(Document document, String name, String value) {
        document.getElementsByTagNameNS(COMMON, name).item(0).setTextContent(value);
    }

    /** Signs Body, Timestamp and token: RSA-SHA256, SHA-256 digests, exclusive C14N (cookbook eibwfin, section 4). */
    private static void sign(Document envelope, String file, String password) throws Exception {
        KeyStore keys = KeyStore.getInstance("PKCS12");
        try (FileInputStream octets = new FileInputStream(file)) {
            keys.load(octets, password.toCharArray());
        }
        WSSConfig config = WSSConfig.getNewInstance();
        config.setWsiBSPCompliant(false);
        Merlin crypto = new Merlin();
        crypto.setKeyStore(keys);
        WSSecHeader header = new WSSecHeader();
        header.insertSecurityHeader(envelope);
        WSSecTimestamp timestamp = new WSSecTimestamp(config);
        timestamp.setTimeToLive(60);
        timestamp.build(envelope, header);
        WSSecSignature signature = new WSSecSignature(config);
        signature.setUserInfo(keys.aliases().nextElement(), password);
        signature.setKeyIdentifierType(WSConstants.BST_DIRECT_REFERENCE);
        signature.setSignatureAlgorithm("http://www.w3.org/2001/04/xmldsig-more#rsa-sha256");
        signature.setDigestAlgo("http://www.w3.org/2001/04/xmlenc#sha256");
        signature.setSigCanonicalization("http://www.w3.org/2001/10/xml-exc-c14n#");
        signature.prepare(envelope, crypto, header);
        signature.prependBSTElementToHeader(header);
        List<WSEncryptionPart> parts = List.of(
                new WSEncryptionPart("Body", SOAP, "Content"),
                new WSEncryptionPart(timestamp.getId()),
                new WSEncryptionPart(signature.getBSTTokenId()));
        signature.computeSignature(signature.addReferencesToSign(parts, header), false, null);
    }

    private static Document parse(byte[] octets) throws Exception {
        DocumentBuilderFactory factory = DocumentBuilderFactory.newInstance();
        factory.setNamespaceAware(true);
        factory.setFeature("http://apache.org/xml/features/disallow-doctype-decl", true);
        return factory.newDocumentBuilder().parse(new ByteArrayInputStream(octets));
    }

    private static String text(Document document) throws Exception {
        StringWriter out = new StringWriter();
        TransformerFactory.newInstance().newTransformer().transform(new DOMSource(document), new StreamResult(out));
        return out.toString();
    }
}
